// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"slices"
)

const (
	// inTurn is how many peers are asked until one passes.
	inTurn = 3
	// maxPeers bounds what is kept of an answer of DNS: Kubernetes supports half as many nodes.
	maxPeers = 10_000
)

// ring returns the peers in the order in which this probe asks them: those after its own
// address, then those before. Each probe is the next one of another, so that the requests
// of a round grow with the nodes, and each probe is asked.
func ring(own netip.Addr, found []netip.Addr) []netip.Addr {
	peers := make([]netip.Addr, 0, min(len(found), maxPeers))
	for _, address := range found {
		if address = address.Unmap(); address != own && len(peers) < maxPeers {
			peers = append(peers, address)
		}
	}
	slices.SortFunc(peers, netip.Addr.Compare)
	peers = slices.Compact(peers)
	next, _ := slices.BinarySearchFunc(peers, own, netip.Addr.Compare)
	return slices.Concat(peers[next:], peers[:next])
}

// targets returns whom to ask in a round: peers in turn until one passes, and one of the
// others at random, so that in time each pair of nodes is tried.
func targets(ring []netip.Addr, random func(int) int) (turn []netip.Addr, other netip.Addr) {
	turn = ring[:min(inTurn, len(ring))]
	if others := ring[len(turn):]; len(others) > 0 {
		other = others[random(len(others))]
	}
	return turn, other
}
