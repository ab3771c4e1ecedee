// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

// State is what a probe knows of its node.
type State string

// The states.
const (
	// Proven says that another probe was reached, and that another probe reached this one,
	// both with the identities that the mesh has verified, and that policies are enforced.
	Proven State = "Proven"
	// Failing has a reason.
	Failing State = "Failing"
	// Unknown says that there was nothing to judge by yet.
	Unknown State = "Unknown"
)

// Reason is why a probe is failing.
type Reason string

// The reasons.
const (
	// NotCaptured says that the pod's traffic is not redirected to ztunnel.
	NotCaptured Reason = "NotCaptured"
	// NotEnforced says that a peer answered where policies let nobody in.
	NotEnforced Reason = "NotEnforced"
	// RefusedByPeer says that a peer, or the ztunnel on its node, closed the connection.
	RefusedByPeer Reason = "RefusedByPeer"
	// NoRoute says that a peer does not answer, or that nothing leads to it.
	NoRoute Reason = "NoRoute"
	// NoCertificate says that ztunnel has no valid certificate for the pod.
	NoCertificate Reason = "NoCertificate"
	// ZtunnelDown says that no ztunnel serves the pod.
	ZtunnelDown Reason = "ZtunnelDown"
	// DNSFailed says that the name of the peers cannot be resolved.
	DNSFailed Reason = "DNSFailed"
	// NotReached says that no other probe has reached this one lately.
	NotReached Reason = "NotReached"
	// Unrecognized is what the client returns for a reason that is none of these: the pod
	// is of another version, or is forged.
	Unrecognized Reason = "Unrecognized"
)

// reasons are those that a probe gives.
var reasons = []Reason{NotCaptured, NotEnforced, RefusedByPeer, NoRoute, NoCertificate, ZtunnelDown, DNSFailed, NotReached}

// Result is what a probe says.
type Result struct {
	// Node is the name of the probe's node.
	Node  string `json:"node"`
	State State  `json:"state"`
	// Reason is that of Failing, and empty otherwise.
	Reason Reason `json:"reason,omitempty"`
	// Message is a sentence for the platform engineer, and empty if the state is Proven.
	Message string `json:"message,omitempty"`
	// Since is when state and reason became these.
	Since time.Time `json:"since"`
	// LastRound is when the last round ended; zero before the first one has.
	LastRound time.Time `json:"lastRound,omitzero"`
}
