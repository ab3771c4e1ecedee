// SPDX-License-Identifier: Apache-2.0

// Package faults breaks the way between a client and the API server on purpose. An
// Injector sits in a client's transport, counts the client's writes, and at the
// requests that its rules name it lets the client die, answers an error in the place
// of the API server or after it has acted, or calls a function of the test:
//
//	injector := faults.New()
//	operator := harness.LaunchOperator(injector.Config(env.OperatorConfig()))
//	injector.Arm(faults.Rule{At: 7, Times: 1, Fault: faults.DieAfterActing}) // at the 7th write from now
//	<-injector.Died()
//	operator.Kill()
//
// A client that has died sends nothing any more: what it has under way is cut off,
// its watches end, and every later request fails without being sent. That is all
// that the cluster sees of a process that was killed.
package faults

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// Rule says at which requests which fault happens.
type Rule struct {
	// When selects requests. Nil selects what the injector counts.
	When Match
	// At is which of the selected requests is the first that the fault hits, counted
	// from one since Arm. Zero means the first.
	At int
	// Times is how many of them it hits. Zero means all from then on.
	Times int
	// Fault is what happens.
	Fault Fault
}

// Injector injects faults into the requests of one client, say of one operator. Its
// methods are safe for use by several goroutines.
type Injector struct {
	counts Match
	alive  context.Context
	die    context.CancelFunc

	mu    sync.Mutex
	rules []Rule
	seen  []int // for each rule, how many requests it has selected
	log   []Sent
	// watching ends when the watches are cut.
	watching context.Context
	cut      context.CancelFunc
}

// New returns an injector without rules. It counts the writes for which all of the
// matches hold: without any, all but those of leases and events, which say nothing
// about the work that is done.
func New(counts ...Match) *Injector {
	if len(counts) == 0 {
		counts = []Match{Work}
	}
	i := &Injector{counts: All(append(counts, Request.Writes)...)}
	i.alive, i.die = context.WithCancel(context.Background())
	i.watching, i.cut = context.WithCancel(i.alive)
	return i
}

// Config returns a copy of the config whose clients go through the injector.
func (i *Injector) Config(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &transport{injector: i, next: next} })
	return config
}

// Arm puts rules in the place of those before, and starts counting again. Of several
// rules that hit a request, the first counts.
func (i *Injector) Arm(rules ...Rule) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules, i.seen, i.log = rules, make([]int, len(rules)), nil
}

// Sent is a request that the client made.
type Sent struct {
	Request
	// At is when.
	At time.Time
	// Counted reports whether it is one of those that the injector counts.
	Counted bool
	// Hit reports whether a fault hit it.
	Hit bool
}

// Log lists the requests since Arm, in the order in which the client made them.
func (i *Injector) Log() []Sent {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.log)
}

// Writes lists the counted writes since Arm, whatever became of them.
func (i *Injector) Writes() []Request { return i.logged(func(s Sent) bool { return s.Counted }) }

// Hits lists the requests since Arm that a fault hit.
func (i *Injector) Hits() []Request { return i.logged(func(s Sent) bool { return s.Hit }) }

func (i *Injector) logged(which func(Sent) bool) []Request {
	var requests []Request
	for _, sent := range i.Log() {
		if which(sent) {
			requests = append(requests, sent.Request)
		}
	}
	return requests
}

// Died is closed when the client dies.
func (i *Injector) Died() <-chan struct{} { return i.alive.Done() }

// Kill lets the client die now.
func (i *Injector) Kill() { i.die() }

// CutWatches ends all watches that are open. New ones are let through.
func (i *Injector) CutWatches() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cut()
	i.watching, i.cut = context.WithCancel(i.alive)
}

// errDead is what a dead client gets.
var errDead = errors.New("faults: this client is dead")

// admit counts a request and finds what happens to it, and what it ends with.
func (i *Injector) admit(request Request) (Fault, context.Context) {
	i.mu.Lock()
	defer i.mu.Unlock()
	ends := i.alive
	if request.Verb == "watch" {
		ends = i.watching
	}
	counted := i.counts(request)
	var hit *Fault
	for n, rule := range i.rules {
		if !rule.concerns(request, counted) {
			continue
		}
		i.seen[n]++
		if hit == nil && rule.hits(i.seen[n]) {
			hit = &i.rules[n].Fault
		}
	}
	i.log = append(i.log, Sent{Request: request, At: time.Now(), Counted: counted, Hit: hit != nil})
	if hit == nil {
		return Fault{}, ends
	}
	return *hit, ends
}

// concerns reports whether a request is one that the rule counts.
func (r Rule) concerns(request Request, counted bool) bool {
	if r.When == nil {
		return counted
	}
	return r.When(request)
}

// hits reports whether the rule's fault happens to the n-th request that it counts.
func (r Rule) hits(n int) bool {
	first := max(1, r.At)
	return n >= first && (r.Times == 0 || n < first+r.Times)
}
