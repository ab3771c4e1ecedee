// SPDX-License-Identifier: Apache-2.0

package faults_test

// queue has those cases for sites to take from.
func queue[T any](cases []T) <-chan T {
	waiting := make(chan T, len(cases))
	for _, c := range cases {
		waiting <- c
	}
	close(waiting)
	return waiting
}
