// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMessage and maxCause are bytes: a message is shown in a status.
	maxMessage = 512
	maxCause   = 160
)

// String names the peer and, once it has answered, its node.
func (p peer) String() string {
	if p.node == "" {
		return fmt.Sprintf("peer %s, whose node is not known yet,", p.address)
	}
	return fmt.Sprintf("peer %s on node %s", p.address, p.node)
}

// where is the peer's node in an advice.
func (p peer) where() string {
	if p.node == "" {
		return "the node of " + p.address.String()
	}
	return "node " + p.node
}

func (c Config) alone() string {
	return fmt.Sprintf("No other probe exists in %s, so node %s cannot be tested.", c.Peers, c.Node)
}

func (c Config) awaited() string {
	return fmt.Sprintf("Node %s reaches another probe, and waits to be reached by one.", c.Node)
}

func (c Config) notReached(window time.Duration) string {
	return fmt.Sprintf("No other probe has reached node %s for %s, although it reaches others: allow TCP port %d to its pods, and check the probes that fail.",
		c.Node, window, c.Ports.Ztunnel)
}

func (c Config) notEnforced(p peer) string {
	return fmt.Sprintf("From node %s, %s answered on port %d, which no identity may reach: check the probe's AuthorizationPolicy, and istio-cni and ztunnel on %s.",
		c.Node, p, c.Ports.Forbidden, p.where())
}

// explain is the message of a diagnosis.
func (c Config) explain(d diagnosis) string {
	switch d.reason {
	case NotCaptured:
		return fmt.Sprintf("The traffic of pods on node %s may bypass the mesh: this pod's is not redirected to ztunnel and leaves in plain text; check istio-cni on the node, then restart the pods that started without it.", c.Node)
	case RefusedByPeer:
		return fmt.Sprintf("From node %s, %s closed the connection: check the log of ztunnel on %s for the reason, such as a policy, and whether its ztunnel is ready.", c.Node, d.peer, d.peer.where())
	case NoRoute:
		return fmt.Sprintf("From node %s, %s did not answer within %s: allow TCP port %d between pods in firewalls and NetworkPolicies, and check ztunnel on %s.", c.Node, d.peer, c.Timeout, c.Ports.Ztunnel, d.peer.where())
	case NoCertificate:
		return fmt.Sprintf("ztunnel on node %s has no valid certificate for this pod (%s): check that istiod is ready, and the log of ztunnel on the node for errors of the CA.", c.Node, text(d.cause, maxCause))
	case ZtunnelDown:
		return fmt.Sprintf("ztunnel does not serve pods on node %s, nothing listens on port %d of this one: check the ztunnel pod on the node.", c.Node, c.Ports.Ztunnel)
	case DNSFailed:
		return fmt.Sprintf("Node %s cannot resolve %s (%s): check CoreDNS, and NetworkPolicies that keep pods from it.", c.Node, c.Peers, text(d.cause, maxCause))
	}
	return ""
}

// text is an error's, without line breaks and not longer than that.
func text(err error, limit int) string {
	if err == nil {
		return "no cause"
	}
	return limited(err.Error(), limit)
}

// limited is one line of at most that many bytes that any JSON and any terminal can show.
func limited(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), 4*limit)], " "))
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
