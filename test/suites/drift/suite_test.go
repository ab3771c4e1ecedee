// SPDX-License-Identifier: Apache-2.0

// Package drift_test shows that what the operator applied stays as it was applied,
// and that everything else is left to whom it belongs: objects that somebody
// deletes or changes, what others add, Helm's view of the mesh, pruning, and what
// users made.
package drift_test

import (
	"testing"
	"time"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// env is the environment of the container that runs.
var env *Env

// patience is how long anything may take before it counts as never, where Ginkgo's
// own cannot be used. It is longer than the five minutes after which the API server
// looks again at a CRD whose deletion it has lost sight of: it goes by no event that
// only changes the condition Terminating
// (k8s.io/apiextensions-apiserver/pkg/controller/finalizer, updateCustomResourceDefinition).
const patience = 6 * time.Minute

func TestDrift(t *testing.T) { Run(t, "Drift, ownership and pruning on a real API server") }
