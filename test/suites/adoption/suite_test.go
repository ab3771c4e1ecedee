// SPDX-License-Identifier: Apache-2.0

// Package adoption_test runs the operator on clusters where another tool has
// installed Istio already.
package adoption_test

import (
	"os"
	"testing"

	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// env is the environment of the container that runs.
var env *Env

func TestMain(m *testing.M) {
	if err := charttest.TrustPublic(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestAdoption(t *testing.T) { Run(t, "Taking over from other tools") }
