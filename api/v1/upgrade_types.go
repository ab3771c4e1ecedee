// SPDX-License-Identifier: Apache-2.0

package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Upgrade is how a change of the mesh is carried out.
type Upgrade struct {
	// timeout is how long the rollout of a component may go without one more pod that is
	// up to date and ready before phase becomes FAILED: what progressDeadlineSeconds is
	// to a Deployment. At most a year (8760h). Default, and for 0: 10m. The rollout goes on by itself when what holds it up
	// is gone.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,4}([.][0-9]+)?h|[0-9]{1,6}([.][0-9]+)?m|[0-9]{1,8}([.][0-9]+)?s)+$') && duration(self) <= duration('8760h')",message="upgrade.timeout must be a length of time such as 10m or 1h30m, and at most a year (8760h)"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is what to do when a rollout has failed. Hold: leave everything as it is,
	// older pods serving, until spec changes or pods get ready. Rollback: go back to the
	// version that ran before, once for each change of spec. A first installation and a
	// change of values alone are held.
	// +optional
	// +kubebuilder:default=Hold
	OnFailure OnFailure `json:"onFailure,omitempty"`

	// approve is who permits a change of a mesh that runs. Automatic: whoever changes spec.
	// Manual: what would change is told in status.proposal, and waits until the annotation
	// operator.gloo.solo.io/approve names the digest of the proposal. First installations,
	// corrections of drift and rollbacks do not wait.
	// +optional
	// +kubebuilder:default=Automatic
	Approve Approve `json:"approve,omitempty"`

	// allowDowngrade permits spec.version to be of an older minor version than the one
	// that runs, which Istio does not support in place. Older patch releases of the same
	// minor version need no permission.
	// +optional
	AllowDowngrade bool `json:"allowDowngrade,omitempty"`

	// maxUnavailableNodes is how many nodes that are not ready, as a number or as a
	// percentage of those that a DaemonSet wants pods on (rounded down), may be left
	// without a pod of the mesh that is up to date and ready: istio-cni and ztunnel are
	// complete without them. Default: 0. Such nodes are named in the status.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 2147483647 : self.matches('^(100|[1-9]?[0-9])%$')",message="upgrade.maxUnavailableNodes must be a number of nodes, 0 or more, or a percentage such as 10%; a number is at most 2147483647"
	MaxUnavailableNodes *intstr.IntOrString `json:"maxUnavailableNodes,omitempty"`
}

// Approve is who permits a change of a mesh that runs.
// +kubebuilder:validation:Enum=Automatic;Manual
type Approve string

// The ways to permit a change.
const (
	Automatic Approve = "Automatic"
	Manual    Approve = "Manual"
)

// OnFailure is what to do when a rollout has failed.
// +kubebuilder:validation:Enum=Hold;Rollback
type OnFailure string

// The answers to a failed rollout.
const (
	Hold     OnFailure = "Hold"
	Rollback OnFailure = "Rollback"
)

// RolloutStatus is a change of the mesh that is under way. Its times have no format in the
// schema: of a text with a format, the API server takes a list too.
type RolloutStatus struct {
	// from is the Istio version that ran before. Empty for the first installation.
	// +optional
	From string `json:"from,omitempty"`

	// to is the Istio version that is being rolled out. It is from where only values
	// change.
	// +required
	To string `json:"to"`

	// path lists the versions that follow to, up to spec.version: more than one minor
	// version is gone through one at a time.
	// +optional
	// +listType=atomic
	Path []string `json:"path,omitempty"`

	// rollback tells that this goes back because a rollout failed.
	// +optional
	Rollback bool `json:"rollback,omitempty"`

	// startTime is when this change began.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	StartTime metav1.Time `json:"startTime"`

	// component is the one that is being rolled out.
	// +optional
	Component string `json:"component,omitempty"`

	// progressTime is when that component began, or last got one more pod up to date and
	// ready.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	ProgressTime *metav1.Time `json:"progressTime,omitempty"`

	// progress is component, versions and "up to date and ready / desired" pods in words.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Progress string `json:"progress,omitempty"`
}

// Proposal is a change of the mesh that waits to be approved.
type Proposal struct {
	// version is the Istio version that would run.
	// +required
	Version string `json:"version"`

	// digest tells this change from others: the value of the annotation that approves it.
	// +required
	Digest string `json:"digest"`

	// summary says in one sentence what would change, and which pods restart.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Summary string `json:"summary,omitempty"`
}

// FailedRollout is a rollout that failed and was rolled back.
type FailedRollout struct {
	// generation of spec that asked for it. It is not tried again before spec changes.
	// +required
	Generation int64 `json:"generation"`

	// version is the Istio version whose rollout failed.
	// +required
	Version string `json:"version"`

	// planDigest identifies the objects and values that the rollback goes to. Where
	// spec.upgrade.approve is Manual, others wait for approval.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`

	// message says why.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`
}

// HistoryEntry is a change of the mesh that has ended.
type HistoryEntry struct {
	// time is when it ended.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	Time metav1.Time `json:"time"`

	// from is the Istio version before. Empty for the first installation.
	// +optional
	From string `json:"from,omitempty"`

	// to is the Istio version after. It is from where only values changed.
	// +required
	To string `json:"to"`

	// result is Succeeded, Failed, RolledBack (this change undid one that failed) or
	// Superseded (another was asked for before it was complete).
	// +required
	Result HistoryResult `json:"result"`

	// duration is how long it took, in whole seconds, such as 1m23s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,2}m)?[0-9]{1,2}s$`
	Duration metav1.Duration `json:"duration,omitempty"`
}

// HistoryResult is how a change of the mesh ended.
// +kubebuilder:validation:Enum=Succeeded;Failed;RolledBack;Superseded
type HistoryResult string

// The results of changes.
const (
	ResultSucceeded  HistoryResult = "Succeeded"
	ResultFailed     HistoryResult = "Failed"
	ResultRolledBack HistoryResult = "RolledBack"
	ResultSuperseded HistoryResult = "Superseded"
)

// HistoryLength is how many changes status.history keeps.
const HistoryLength = 10

// MaxMessageLength is how long a message in the status may be: what Kubernetes sets for the
// message of a condition, and the CRD for all others.
const MaxMessageLength = 32768
