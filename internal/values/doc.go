// SPDX-License-Identifier: Apache-2.0

// Package values merges layers of Helm values into one tree for each chart, checks types
// and limits, and reports which layer set each value and which values no chart reads. Its
// Redactor removes user-provided values from messages. It is pure.
package values
