// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// problem is what happened to a request, as far as the client of a proxy can tell.
type problem int

const (
	// none says that the peer answered.
	none problem = iota
	// refused says that the connection was refused or closed without the peer's answer.
	// ztunnel accepts a connection before it knows whether it can have one, so a policy,
	// a peer that does not listen and a ztunnel that is down on the peer's node all look
	// the same. The peer's own probe tells them apart.
	refused
	// unanswered says that nothing came back in time, or that nothing leads there.
	unanswered
)

// outcome is that of a peer in a round.
type outcome struct {
	peer
	// problem is that of the port where the peer has to answer or, if it did, of the port
	// where it must not.
	problem problem
	// exposed says that the peer answered where it must not.
	exposed bool
}

// passed reports whether the peer answered where it has to, and refused where it must.
func (o outcome) passed() bool { return o.problem == none && !o.exposed }

// round is what happened in one.
type round struct {
	// resolving is why the peers are not known.
	resolving error
	// peers is how many others there are.
	peers int
	// outcomes are those of the peers that were asked, the next in the ring first.
	outcomes []outcome
	// diagnosis is that of a round in which no peer passed.
	diagnosis diagnosis
}

// passed reports whether any peer passed.
func (r round) passed() bool {
	for _, o := range r.outcomes {
		if o.passed() {
			return true
		}
	}
	return false
}

// exposed returns the first peer that answered where it must not.
func (r round) exposed() (peer, bool) {
	for _, o := range r.outcomes {
		if o.exposed {
			return o.peer, true
		}
	}
	return peer{}, false
}

// problemOf classifies an error of a request.
func problemOf(err error) problem {
	var network net.Error
	switch {
	case err == nil:
		return none
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return unanswered
	case unroutable(err):
		return unanswered
	}
	return refused
}

// unroutable reports whether nothing leads to an address.
func unroutable(err error) bool {
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}
