// SPDX-License-Identifier: Apache-2.0

// Package adoption_test runs the operator on clusters where another tool has
// installed Istio already.
package adoption_test

import (
	"testing"

	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// env is the environment of the container that runs.
var env *Env

func TestAdoption(t *testing.T) { Run(t, "Taking over from other tools") }
