// SPDX-License-Identifier: Apache-2.0

package faultsuite_test

import "flag"

// What is tried many times over, at each write for instance, can be tried in portions, so
// that a change need not wait half an hour: another portion with each change.
var (
	portions = flag.Int("portions", 1, "try one of so many portions of what is tried many times over")
	portion  = flag.Int("portion", 0, "which portion, modulo their number")
)

// inPortion are the cases of the portion.
func inPortion[T any](cases []T) []T {
	var chosen []T
	for i := *portion % *portions; i < len(cases); i += *portions {
		chosen = append(chosen, cases[i])
	}
	return chosen
}

// queue has those cases for sites to take from.
func queue[T any](cases []T) <-chan T {
	waiting := make(chan T, len(cases))
	for _, c := range cases {
		waiting <- c
	}
	close(waiting)
	return waiting
}
