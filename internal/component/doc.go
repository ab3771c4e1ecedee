// SPDX-License-Identifier: Apache-2.0

// Package component has the one table of what a mesh consists of: each component's
// chart, section of values, conditions and place in the order of installation.
// Whatever lists components derives its list from here.
package component
