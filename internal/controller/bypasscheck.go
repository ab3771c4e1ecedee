// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"hash/fnv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// The pauses between checks for pods that bypass the mesh. They double from the grace of a pod to
// the longest, and begin again when a node has booted, a namespace has joined the mesh, or istio-cni has
// changed: the kubelet takes a while to report its pods. Suspects are checked again sooner, since people restart them.
const (
	longestBypassPause = 10 * time.Minute
	suspectsPause      = time.Minute
)

// bypassCheck is what a session knows of pods that may bypass the mesh.
type bypassCheck struct {
	history enrollment.History
	// result is that of the last check. Nil: there was none.
	result *v1.BypassStatus
	// state identifies the nodes and istio-cni as they were at the last check.
	state  string
	pauses wait.Backoff
	// last and next are when the last check was and the next one is.
	last, next time.Time

	// settings are those of istio-cni in the plan with that digest, or why they cannot be decoded.
	digest      string
	settings    map[string]string
	settingsErr error
}

// settingsOf returns istio-cni's settings of a plan, which it decodes once.
func (b *bypassCheck) settingsOf(built *plan.Plan) (map[string]string, error) {
	if digest := built.Digest(); digest != b.digest {
		b.digest = digest
		b.settings, b.settingsErr = plannedSelection(built)
	}
	return b.settings, b.settingsErr
}

// bypassState identifies the boots of the nodes, the namespaces in the mesh, and the rollout of
// istio-cni.
func bypassState(nodes []preflight.Node, namespaces []string, cni *appsv1.DaemonSet) string {
	hash := fnv.New64a()
	fmt.Fprintln(hash, namespaces)
	for _, node := range nodes {
		fmt.Fprintln(hash, node.Name, node.BootID, node.NotReady)
	}
	return fmt.Sprintf("%x %d %d/%d", hash.Sum64(), cni.Generation, cni.Status.NumberReady, cni.Status.DesiredNumberScheduled)
}

// due reports whether it is time for a check.
func (b *bypassCheck) due(state string, now time.Time) bool {
	if state != b.state {
		b.state, b.pauses = state, doubling(b.history.Grace, longestBypassPause)
		if soon := b.last.Add(b.history.Grace); b.last.IsZero() || soon.Before(b.next) {
			b.next = soon
		}
	}
	return !now.Before(b.next)
}

// succeeded takes note of the result of a check.
func (b *bypassCheck) succeeded(suspects []v1.SuspectPod, now time.Time) {
	at := metav1.NewTime(now)
	checked := at.Rfc3339Copy() // As it is read again.
	b.result = &v1.BypassStatus{
		LastCheckTime: &checked, Suspects: int32(len(suspects)), Pods: suspects[:min(len(suspects), v1.MaxSuspects)],
		Message: enrollment.BypassMessage(suspects),
	}
	pause := b.pauses.Step()
	switch {
	case !b.history.Settled(now):
		pause = b.history.Grace
	case len(suspects) > 0:
		pause = min(pause, suspectsPause)
	}
	b.last, b.next = now, now.Add(pause)
}

// failed takes note of why a check was not possible. What the last one has found stays.
func (b *bypassCheck) failed(previous *v1.BypassStatus, message string, now time.Time) {
	b.result = &v1.BypassStatus{}
	if previous != nil {
		b.result = previous.DeepCopy()
	}
	b.result.Message = "pods cannot be checked: " + message
	b.last, b.next = now, now.Add(b.pauses.Step())
}
