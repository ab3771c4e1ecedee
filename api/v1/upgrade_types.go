// SPDX-License-Identifier: Apache-2.0

package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Upgrade is how a change of the mesh is rolled out.
type Upgrade struct {
	// timeout is the longest time without one more up-to-date and ready pod of a
	// component. After that, the phase is FAILED. It works like progressDeadlineSeconds of
	// a Deployment. At most a year (8760h). Default, and for 0: 10m. The rollout resumes
	// automatically when the cause is fixed.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,4}([.][0-9]+)?h|[0-9]{1,6}([.][0-9]+)?m|[0-9]{1,8}([.][0-9]+)?s)+$') && duration(self) <= duration('8760h')",message="upgrade.timeout must be a duration such as 10m or 1h30m, at most one year (8760h)"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is what to do when a rollout fails. Hold: change nothing until spec changes
	// or pods become ready; existing pods keep serving. Rollback: return to the version
	// that ran before, once for each change of spec. A first installation and a change of
	// values alone always hold.
	// +optional
	// +kubebuilder:default=Hold
	OnFailure OnFailure `json:"onFailure,omitempty"`

	// approve is whether a change of a running mesh needs approval. Automatic: no approval.
	// Manual: status.proposal describes the change, which waits until the annotation
	// operator.gloo.solo.io/approve contains the digest of the proposal. First
	// installations, corrections of drift and rollbacks need no approval.
	// +optional
	// +kubebuilder:default=Automatic
	Approve Approve `json:"approve,omitempty"`

	// allowDowngrade allows spec.version to be of an older minor version than the running
	// one. Istio does not support such a downgrade in place. Older patch releases of the
	// same minor version are always allowed.
	// +optional
	AllowDowngrade bool `json:"allowDowngrade,omitempty"`

	// maxUnavailableNodes is the number of nodes that are not ready and may be left without
	// an up-to-date and ready pod of the mesh: istio-cni and ztunnel are complete without
	// them. It is a number, or a percentage of the nodes on which a DaemonSet runs pods
	// (rounded down). Default: 0. The status names these nodes.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 2147483647 : self.matches('^(100|[1-9]?[0-9])%$')",message="upgrade.maxUnavailableNodes must be a number of nodes, 0 or more, or a percentage such as 10%; a number is at most 2147483647"
	MaxUnavailableNodes *intstr.IntOrString `json:"maxUnavailableNodes,omitempty"`
}

// Approve is whether a change of a running mesh needs approval.
// +kubebuilder:validation:Enum=Automatic;Manual
type Approve string

// The approval modes.
const (
	Automatic Approve = "Automatic"
	Manual    Approve = "Manual"
)

// OnFailure is what to do when a rollout fails.
// +kubebuilder:validation:Enum=Hold;Rollback
type OnFailure string

// The failure modes.
const (
	Hold     OnFailure = "Hold"
	Rollback OnFailure = "Rollback"
)

// RolloutStatus is a change of the mesh in progress. Its times have no format in the
// schema, because the API server also accepts a list for a string with a format.
type RolloutStatus struct {
	// from is the Istio version that ran before. Empty for the first installation.
	// +optional
	From string `json:"from,omitempty"`

	// to is the Istio version that is being rolled out. If only values change, it equals
	// from.
	// +required
	To string `json:"to"`

	// path lists the versions that follow to, up to spec.version. An upgrade over several
	// minor versions goes through one minor version at a time.
	// +optional
	// +listType=atomic
	Path []string `json:"path,omitempty"`

	// rollback is true if this change rolls back a failed rollout.
	// +optional
	Rollback bool `json:"rollback,omitempty"`

	// startTime is when this change started.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	StartTime metav1.Time `json:"startTime"`

	// component is the component that is being rolled out.
	// +optional
	Component string `json:"component,omitempty"`

	// progressTime is when the rollout of that component started, or when it last got one
	// more up-to-date and ready pod.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	ProgressTime *metav1.Time `json:"progressTime,omitempty"`

	// progress is a text with the component, the versions and the pods ("up to date and
	// ready / desired").
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Progress string `json:"progress,omitempty"`
}

// Proposal is a change of the mesh that waits for approval.
type Proposal struct {
	// version is the Istio version that would run.
	// +required
	Version string `json:"version"`

	// digest identifies this change. The annotation that approves it has this value.
	// +required
	Digest string `json:"digest"`

	// summary describes in one sentence what would change, and which pods restart.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Summary string `json:"summary,omitempty"`

	// upgradeNotes is how many notes for upgraders Istio's release notes have that concern
	// this change. To read them: gloo-operator diff -f FILE.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	UpgradeNotes int32 `json:"upgradeNotes,omitempty"`
}

// FailedRollout is a rollout that failed and was rolled back.
type FailedRollout struct {
	// generation is the generation of spec that requested the rollout. The operator does
	// not attempt it again before spec changes.
	// +required
	Generation int64 `json:"generation"`

	// version is the Istio version whose rollout failed.
	// +required
	Version string `json:"version"`

	// planDigest identifies the objects and values that the rollback returns to. If
	// spec.upgrade.approve is Manual, all others wait for approval.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`

	// message is the reason of the failure.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`
}

// HistoryEntry is a change of the mesh that has ended.
type HistoryEntry struct {
	// time is when the change ended.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	Time metav1.Time `json:"time"`

	// from is the Istio version before. Empty for the first installation.
	// +optional
	From string `json:"from,omitempty"`

	// to is the Istio version after. If only values changed, it equals from.
	// +required
	To string `json:"to"`

	// result is Succeeded, Failed, RolledBack (this change rolled back a failed one) or
	// Superseded (another change was requested before this one was complete).
	// +required
	Result HistoryResult `json:"result"`

	// duration is how long the change took, in whole seconds, such as 1m23s.
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

// HistoryLength is the number of changes that status.history keeps.
const HistoryLength = 10

// MaxMessageLength is the maximum length of a message in the status. Kubernetes sets it for
// the message of a condition, and the CRD for all others.
const MaxMessageLength = 32768
