// SPDX-License-Identifier: Apache-2.0

package probe

import "context"

// capture is what happens to a connection to an address that does not exist.
type capture int

const (
	// accepted says that ztunnel took it, as it takes all of a pod in the mesh.
	accepted capture = iota
	// rejected says that it was refused at once: it is redirected to where nothing listens.
	rejected
	// lost says that it left the pod.
	lost
)

// network is what can be seen of the mesh inside of the pod.
type network interface {
	// Serves reports whether ztunnel listens in the pod's network namespace.
	Serves(context.Context) bool
	// Certified returns why ztunnel has no valid certificate for the pod.
	Certified(context.Context) error
	// Capture connects to an address that does not exist.
	Capture(context.Context) capture
}

// diagnosis is why no peer passed.
type diagnosis struct {
	reason Reason
	// peer is the one that refused or did not answer.
	peer peer
	// cause is in the message.
	cause error
}

// diagnose looks for the cause of a failed round, the one that others follow from first.
//
// Where ztunnel answers the pods' DNS queries, names cannot be resolved without it, so it
// comes before DNS. Without sockets of ztunnel in the pod, either ztunnel is gone and the
// rules lead nowhere, or istio-cni has never set up the pod: only a connection that the
// rules redirect is refused at once. A firewall that resets connections to the address
// would make the second look like the first. Both reasons name the node.
func diagnose(ctx context.Context, r round, in network) diagnosis {
	if !in.Serves(ctx) {
		if in.Capture(ctx) == lost {
			return diagnosis{reason: NotCaptured}
		}
		return diagnosis{reason: ZtunnelDown}
	}
	if r.resolving != nil {
		return diagnosis{reason: DNSFailed, cause: r.resolving}
	}
	if err := in.Certified(ctx); err != nil {
		return diagnosis{reason: NoCertificate, cause: err}
	}
	if in.Capture(ctx) != accepted {
		return diagnosis{reason: NotCaptured}
	}
	return diagnosePeer(r)
}

// diagnosePeer goes by the peer that has to be asked first. A peer that is exposed has its
// own reason.
func diagnosePeer(r round) diagnosis {
	for _, o := range r.outcomes {
		switch o.problem {
		case refused:
			return diagnosis{reason: RefusedByPeer, peer: o.peer}
		case unanswered:
			return diagnosis{reason: NoRoute, peer: o.peer}
		}
	}
	return diagnosis{}
}
