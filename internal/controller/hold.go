// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// hold is what a session knows of a change that pods in the mesh block.
type hold struct {
	// subject identifies the change: the digest of a plan, or removalSubject. Empty: none.
	subject string
	// stage is how far the change was when the hold began.
	stage stage
	// released: nothing blocks the change any more.
	released bool
	// change and findings are those of the last list, with the namespaces of now.
	change   enrollment.Change
	findings enrollment.Findings
	// lists counts the lists of pods since there was progress; listed is when the last one was,
	// zero before the first, and next is when another is due.
	lists        int
	listed, next time.Time
	// lastLabeled is when a namespace was last known to have the label, or when the hold began.
	// It is used only if the operator may not list pods.
	lastLabeled time.Time
	// unlabeled are the namespaces that the operator has taken out of the mesh.
	unlabeled []string
}

// stage is a point of a change at which pods in the mesh may hold it up.
type stage int

const (
	// beforeChange: nothing has been written yet.
	beforeChange stage = iota
	// beforeDataPlane: istio-cni and ztunnel are next. Pods may have joined since.
	beforeDataPlane
)

// removalSubject is the subject of the removal of a mesh.
const removalSubject = "removal"

// The pauses between two lists of pods: the least while pods are being taken out, and the others
// while nothing happens, doubled each time.
const (
	minListPause     = 3 * time.Second
	initialListPause = 5 * time.Second
	maxListPause     = 20 * time.Second
)

// labelWait is how long the operator waits after the last namespace has lost its label,
// where it may not list pods. istio-cni takes seconds to take them out.
const labelWait = 30 * time.Second

// begin starts a hold of another change from the beginning, and a hold of the same change again
// at a later stage, or where it was released a while ago: pods may have joined since.
func (h *hold) begin(subject string, at stage, now time.Time) {
	stale := h.released && now.Sub(h.listed) >= releaseValid
	switch {
	case h.subject != subject:
		*h = hold{subject: subject, stage: at, lastLabeled: now}
	case (at > h.stage || stale) && !h.change.None():
		*h = hold{subject: subject, stage: max(at, h.stage), lastLabeled: now, unlabeled: h.unlabeled}
	}
}

// releaseValid is how long a change may continue after the pods were listed last.
const releaseValid = 30 * time.Second

// holds reports whether the last list has shown a reason to hold.
func (h *hold) holds() bool { return len(h.findings.Pods) > 0 || h.findings.Unknown }

// due reports whether to list the pods again. Where pods may not be listed, the permission
// may only be missing for a moment: an API server that has just started denies everything.
func (h *hold) due(now time.Time) bool { return !now.Before(h.next) }

// setFindings notes what a list has shown.
func (h *hold) setFindings(change enrollment.Change, findings enrollment.Findings, now time.Time) {
	if findings.Namespaces = h.findings.Namespaces; len(findings.Pods) != len(h.findings.Pods) {
		h.lists = 0
	}
	pause := min(maxListPause, initialListPause<<min(h.lists, 8))
	switch {
	case findings.Unknown:
		pause = maxListPause
	case findings.BeingRemoved():
		pause = min(maxListPause, minListPause<<min(h.lists, 8))
	}
	h.change, h.findings, h.listed, h.next = change, findings, now, now.Add(pause)
	h.lists++
}

// setNamespaces notes the namespaces that are labeled now. A change of them brings the next list
// forward.
func (h *hold) setNamespaces(namespaces []string, now time.Time) {
	if len(namespaces) > 0 || len(h.findings.Namespaces) > 0 {
		h.lastLabeled = now // Until now: nothing starts an attempt while labels stay.
	}
	before := h.findings.Namespaces
	h.findings.Namespaces = namespaces
	if before != nil && !slices.Equal(namespaces, before) { // They are not known right after the first list.
		h.lists, h.next = 0, h.listed.Add(minListPause)
	}
}

// retryAfter returns how long until the next list, at least one second.
func (h *hold) retryAfter(now time.Time) time.Duration {
	again := h.next
	if h.findings.Unknown && len(h.findings.Namespaces) == 0 && h.lastLabeled.Add(labelWait).Before(again) {
		again = h.lastLabeled.Add(labelWait)
	}
	return max(time.Second, again.Sub(now))
}

// mayContinue reports that nothing holds up the change any more. Where the operator may not list
// pods, that is when no namespace has been labeled for long enough, and from the beginning
// where the mesh was never complete.
func (h *hold) mayContinue(smc *v1.ServiceMeshController, now time.Time) bool {
	if !h.findings.Unknown {
		return !h.holds()
	}
	never := status.ComponentNamed(smc.Status.Components, v1.ComponentZtunnel).Version == "" && smc.Status.PlanDigest == ""
	return never || len(h.findings.Namespaces) == 0 && now.Sub(h.lastLabeled) >= labelWait
}

// blocker returns what blocks the change of that mesh.
func (h *hold) blocker(mesh string, now time.Time) *status.Blocker {
	held := &status.Blocker{Reason: v1.ReasonWorkloadsEnrolled, RetryAfter: h.retryAfter(now), Message: h.message(mesh)}
	if h.stage == beforeChange {
		held.Phase = v1.PhasePending // Nothing has been changed yet.
	}
	return held
}

// message says what the hold waits for.
func (h *hold) message(mesh string) string {
	if h.findings.Unknown && len(h.findings.Namespaces) == 0 {
		return fmt.Sprintf("no namespace is labeled %s=%s: waiting %s for istio-cni to take pods out of the mesh; the operator cannot check the pods (rbac.listPods is off)",
			v1.DataplaneModeLabel, v1.DataplaneModeAmbient, labelWait)
	}
	return h.change.Message(h.findings, mesh)
}
