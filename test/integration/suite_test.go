// SPDX-License-Identifier: Apache-2.0

// Package integration_test runs the operator against a real API server with
// simulated nodes.
package integration_test

import (
	"os"
	"testing"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// env is the environment of the container that runs.
var env *Env

func TestMain(m *testing.M) {
	helm.RenderIfChild()
	os.Exit(m.Run())
}

func TestIntegration(t *testing.T) { Run(t, "Operator on a real API server") }
