// SPDX-License-Identifier: Apache-2.0

// Package portion divides what suites try many times over, at each write for instance, so that
// a change need not wait for all of it: CI tries another portion after each commit.
package portion

import (
	"fmt"
	"os"
)

// Variable is the environment variable with the portion, such as 3/4. The number before the slash
// counts from 0, modulo the one after it. Unset: everything is tried.
const Variable = "TEST_PORTION"

// Of returns the cases of the portion. It panics if the variable is set to anything else.
func Of[T any](cases []T) []T {
	number, count := 0, 1
	if text := os.Getenv(Variable); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d", &number, &count); err != nil || number < 0 || count < 1 {
			panic(fmt.Sprintf("portion: %s is %q: set it to a portion such as 3/4", Variable, text))
		}
	}
	var chosen []T
	for i := number % count; i < len(cases); i += count {
		chosen = append(chosen, cases[i])
	}
	return chosen
}
