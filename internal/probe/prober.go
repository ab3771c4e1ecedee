// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	// haste is how many rounds there are in an interval while nothing is known.
	haste = 6
	// spread is the part of an interval by which rounds differ, so that those of many
	// nodes do not begin at the same moment.
	spread = 10
)

// prober asks the peers.
type prober struct {
	config Config
	client *http.Client
	record *record
	// nodes are the names of the peers' nodes as of the last answers.
	nodes map[netip.Addr]string
	// started is when the first round could begin.
	started time.Time
}

func newProber(c Config, r *record) *prober {
	return &prober{config: c, client: newClient(c.Timeout), record: r, nodes: map[netip.Addr]string{}, started: c.Clock.Now()}
}

// run makes rounds until the context ends.
func (p *prober) run(ctx context.Context) {
	wait := p.jitter(min(p.config.Interval/spread, time.Second))
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.config.Clock.After(wait):
		}
		began := p.config.Clock.Now()
		one := p.round(ctx)
		if ctx.Err() != nil {
			return // what failed was cut off
		}
		p.record.ended(one)
		wait = p.pause() - p.config.Clock.Now().Sub(began)
	}
}

// pause is the time between the starts of two rounds. Others are looked for more often while
// nothing is known, as when all nodes have just got their probes.
func (p *prober) pause() time.Duration {
	interval := p.config.Interval
	if p.record.current().State == Unknown {
		interval /= haste
	}
	return interval + p.jitter(interval/spread)
}

func (p *prober) jitter(limit time.Duration) time.Duration {
	return time.Duration(p.config.Random(max(int(limit), 1)))
}

// round asks peers, and looks for the cause if none passes. Its requests end in about seven
// timeouts.
func (p *prober) round(ctx context.Context) round {
	var one round
	found, err := p.resolve(ctx)
	one.resolving = err
	peers := ring(p.config.Address, found)
	if one.peers = len(peers); len(peers) > 0 {
		one.outcomes = p.askAll(ctx, peers)
		p.remember(peers, one.outcomes)
	}
	if _, exposed := one.exposed(); !one.passed() && !exposed && (err != nil || len(peers) > 0) {
		one.diagnosis = diagnose(ctx, one, p.config.network)
	}
	return one
}

// resolve returns the addresses of the probes, of the pod's own family: an address of the
// other one may be the pod's own as well. It tries twice. A name that does not exist has
// no addresses yet while the probe has just started.
func (p *prober) resolve(ctx context.Context) ([]netip.Addr, error) {
	family := "ip4"
	if p.config.Address.Is6() {
		family = "ip6"
	}
	var failed error
	for range 2 {
		limited, cancel := context.WithTimeout(ctx, p.config.Timeout)
		found, err := p.config.Resolve(limited, family, p.config.Peers)
		cancel()
		if err == nil {
			return found, nil
		}
		failed = err
	}
	var unknown *net.DNSError
	if errors.As(failed, &unknown) && unknown.IsNotFound && p.config.Clock.Now().Sub(p.started) < reachedWithin*p.config.Interval {
		return nil, nil
	}
	return nil, failed
}

// askAll asks peers in turn until one passes, and another one at the same time.
func (p *prober) askAll(ctx context.Context, peers []netip.Addr) []outcome {
	turn, other := targets(peers, p.config.Random)
	var asked *outcome
	done := make(chan struct{})
	go func() {
		defer close(done)
		if other.IsValid() {
			o := p.ask(ctx, other)
			asked = &o
		}
	}()
	var outcomes []outcome
	for _, address := range turn {
		o := p.ask(ctx, address)
		outcomes = append(outcomes, o)
		if o.passed() {
			break
		}
	}
	if <-done; asked != nil {
		outcomes = append(outcomes, *asked)
	}
	return outcomes
}

// remember adds the names of nodes that peers have said before, and forgets those of peers
// that do not exist any more.
func (p *prober) remember(peers []netip.Addr, outcomes []outcome) {
	for i, o := range outcomes {
		if o.node == "" {
			outcomes[i].node = p.nodes[o.address]
		} else {
			p.nodes[o.address] = o.node
		}
	}
	if len(p.nodes) <= len(peers) {
		return
	}
	present := make(map[netip.Addr]string, len(peers))
	for _, address := range peers {
		if node, ok := p.nodes[address]; ok {
			present[address] = node
		}
	}
	p.nodes = present
}
