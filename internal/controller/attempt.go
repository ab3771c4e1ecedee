// SPDX-License-Identifier: Apache-2.0

package controller

import (
	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// attempt is one run of the steps for a resource.
type attempt struct {
	smc     *v1.ServiceMeshController
	session *session
	// facts are known once the cluster has been read.
	facts preflight.Facts
	// paused reports that the resource is annotated to be left as it is.
	paused bool
	// finalVersion makes the attempt plan spec.version instead of the next step. Diff sets it.
	finalVersion bool
	// Outcome is what the attempt has found and done so far.
	status.Outcome
}

// newAttempt makes an attempt for a resource.
func (r *Reconciler) newAttempt(smc *v1.ServiceMeshController) *attempt {
	return &attempt{smc: smc, session: r.sessionFor(smc), paused: paused(smc)}
}
