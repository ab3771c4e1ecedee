// SPDX-License-Identifier: Apache-2.0

package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Probe proves on each node that the traffic of pods goes through the mesh.
//
// +kubebuilder:validation:XValidation:rule="(has(self.timeout) ? duration(self.timeout) : duration('3s')) < (has(self.interval) ? duration(self.interval) : duration('30s'))",message="probe.timeout must be shorter than probe.interval"
type Probe struct {
	// enabled runs a probe on each node that has a ztunnel. It needs probe.enabled in the
	// operator's Helm chart.
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// interval is the time between two rounds of a probe. In a round, it sends requests to
	// at most four others. From 5s to 1h. Default: 30s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,4}([.][0-9]+)?h|[0-9]{1,6}([.][0-9]+)?m|[0-9]{1,8}([.][0-9]+)?s)+$') && duration(self) >= duration('5s') && duration(self) <= duration('1h')",message="probe.interval must be a duration from 5s to 1h, such as 30s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// timeout is how long a probe waits for an answer of another one. From 1s to 30s.
	// Default: 3s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,4}([.][0-9]+)?h|[0-9]{1,6}([.][0-9]+)?m|[0-9]{1,8}([.][0-9]+)?s)+$') && duration(self) >= duration('1s') && duration(self) <= duration('30s')",message="probe.timeout must be a duration from 1s to 30s, such as 3s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// namespace is the namespace of the probes. It must be probe.namespace of the operator's
	// Helm chart, which is the default.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$')",message="probe.namespace must be a namespace's name: lower-case letters, digits and -"
	Namespace string `json:"namespace,omitempty"`

	// required makes the probe a part of the mesh: the mesh is complete only while the traffic
	// of every node is proven. Otherwise only the condition TrafficProven depends on it.
	// +optional
	Required bool `json:"required,omitempty"`
}

// TrafficStatus is what the probes have found.
type TrafficStatus struct {
	// nodes counts the nodes that have a probe.
	// +optional
	Nodes TrafficNodes `json:"nodes,omitempty"`

	// proven is "proven / nodes".
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Proven string `json:"proven,omitempty"`

	// since is when the traffic of all nodes became proven, or stopped to be.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	Since *metav1.Time `json:"since,omitempty"`

	// failing are the first twenty nodes whose traffic is not proven, sorted by name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Failing []FailingNode `json:"failing,omitempty"`
}

// TrafficNodes counts nodes.
type TrafficNodes struct {
	// proven is the number of nodes whose traffic goes through the mesh.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Proven int32 `json:"proven,omitempty"`

	// failing is the number of nodes whose traffic does not get through the mesh, or bypasses it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Failing int32 `json:"failing,omitempty"`

	// unknown is the number of nodes whose probe does not run or has no result yet.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Unknown int32 `json:"unknown,omitempty"`
}

// FailingNode is a node whose traffic is not proven.
type FailingNode struct {
	// node is its name.
	// +required
	Node string `json:"node"`

	// reason is NotCaptured, NotEnforced, RefusedByPeer, NoRoute, NoCertificate, ZtunnelDown,
	// DNSFailed, NotReached, or Unknown.
	// +required
	Reason string `json:"reason"`

	// message says what is wrong, then what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// MaxFailingNodes is how many nodes status.traffic names.
const MaxFailingNodes = 20
