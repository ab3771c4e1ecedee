// SPDX-License-Identifier: Apache-2.0

// Package chart_test looks at the operator's chart: what it renders, what a cluster
// makes of it, and what its roles allow.
package chart_test

import (
	"testing"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// env is the environment of the container that runs.
var env *Env

func TestChart(t *testing.T) { Run(t, "The operator's chart") }
