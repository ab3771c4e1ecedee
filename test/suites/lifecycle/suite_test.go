// SPDX-License-Identifier: Apache-2.0

// Package lifecycle_test runs the operator against a real API server with
// simulated nodes.
package lifecycle_test

import (
	"os"
	"testing"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// env is the environment of the container that runs.
var env *Env

func TestMain(m *testing.M) {
	helm.RenderIfChild()
	if err := charttest.TrustPublic(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestLifecycle(t *testing.T) { Run(t, "Operator on a real API server") }
