// SPDX-License-Identifier: Apache-2.0

// Package object has what the other packages call an object: its name, its body
// and its kind. The table of kinds is the only list of what a plan may hold; scope,
// order, watches and RBAC all follow from it.
package object
