// SPDX-License-Identifier: Apache-2.0

// Package yamllimit bounds what parsing a YAML document can cost, before it is parsed: an
// alias of a few bytes can stand for a value of any size, and each value takes far more
// memory than the bytes that it is written with. It is pure.
package yamllimit
