// SPDX-License-Identifier: Apache-2.0

package controller

import (
	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// sessionFor returns the session of a resource. It first ends the session of an earlier resource
// with the same name. Whether helm has changed a mesh that was complete before is unknown at
// first.
func (r *Reconciler) sessionFor(smc *v1.ServiceMeshController) *session {
	s, ok := r.sessions[smc.Name]
	if ok && s.uid == smc.UID {
		return s
	}
	if ok {
		r.endSession(smc.Name)
	}
	s = &session{uid: smc.UID, recordedDigests: map[string]string{}, trackers: map[string]*rollout.Tracker{}, helmDrift: smc.Status.Version != ""}
	s.bypass.history.Grace = r.bypassGrace
	r.sessions[smc.Name] = s
	return s
}

// endSession ends the session of a resource that is gone, whether or not its finalizer was
// honored, with its watches and downloads.
func (r *Reconciler) endSession(name string) {
	r.metrics.Delete(name)
	r.charts.Cancel(name)
	r.charts.Retain(name)
	s, known := r.sessions[name]
	delete(r.sessions, name)
	if !known || !s.usesCaches {
		return // The caches belong to another resource.
	}
	r.applier.Reset()
	r.pull.Retain()
	r.certificates.end()
	r.gatherer.Reset()
}
