// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Known is what the stand-in knows, as GET /standin answers.
type Known struct {
	// StandIn says what answers.
	StandIn string `json:"standIn"`
	// Ready is what the readiness port says, and Missing what it waits for.
	Ready   bool     `json:"ready"`
	Missing []string `json:"missing,omitempty"`
	// Connected has the connections that stand now: zds, xds.
	Connected []string `json:"connected"`
	// Certificates are when they expire, by identity.
	Certificates map[string]time.Time `json:"certificates"`
	// Workloads are the pods that the node agent has announced, by UID.
	Workloads map[string]Workload `json:"workloads"`
	// Resources counts what istiod has sent and not removed, by the type's name.
	Resources map[string]int `json:"resources"`
}

// Workload is a pod of the node.
type Workload struct {
	Name           string `json:"name"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
	Identity       string `json:"identity"`
	// Certificate is when it expires; null as long as there is none.
	Certificate *time.Time `json:"certificate"`
	// NetworkNamespace is its inode, as `readlink /proc/PID/ns/net` shows.
	NetworkNamespace uint64 `json:"networkNamespace"`
}

// state collects what the parts get to know.
type state struct {
	// own is the stand-in's identity.
	own          string
	mu           sync.Mutex
	changed      chan struct{}
	connected    map[string]bool
	certificates map[string]*tls.Certificate
	workloads    map[string]Workload
	resources    map[string]map[string]bool
	// missing is what has not happened yet of what makes it ready.
	missing map[string]bool
}

// What has to happen once before the stand-in is ready.
const (
	ownCertificate = "its own certificate, of istiod's CA"
	snapshot       = "the pods of the node, of the node agent"
)

func subscription(typeURL string) string { return "the first answer about " + short(typeURL) }

func newState(own string) *state {
	missing := map[string]bool{ownCertificate: true, snapshot: true}
	for _, typeURL := range subscribed {
		missing[subscription(typeURL)] = true
	}
	return &state{
		own: own, connected: map[string]bool{}, certificates: map[string]*tls.Certificate{}, workloads: map[string]Workload{},
		changed: make(chan struct{}), resources: map[string]map[string]bool{}, missing: missing,
	}
}

func (s *state) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *state) happened(what string) { s.change(func() { delete(s.missing, what) }) }

func (s *state) setConnected(what string, now bool) { s.change(func() { s.connected[what] = now }) }

func (s *state) setCertificate(identity string, certificate *tls.Certificate) {
	s.change(func() {
		s.certificates[identity] = certificate
		if identity == s.own {
			delete(s.missing, ownCertificate)
		}
	})
}

// certificate is the current one of an identity. It waits for the first one until the
// context ends.
func (s *state) certificate(ctx context.Context, identity string) (*tls.Certificate, error) {
	for {
		s.mu.Lock()
		certificate, changed := s.certificates[identity], s.changed
		s.mu.Unlock()
		if certificate != nil {
			return certificate, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no certificate of %s yet: %w", identity, ctx.Err())
		case <-changed:
		}
	}
}

func (s *state) dropCertificate(identity string) {
	s.change(func() { delete(s.certificates, identity) })
}

func (s *state) setWorkload(uid string, w Workload) { s.change(func() { s.workloads[uid] = w }) }

func (s *state) dropWorkload(uid string) { s.change(func() { delete(s.workloads, uid) }) }

// update takes what istiod says of a type.
func (s *state) update(typeURL string, added, removed []string) {
	s.change(func() {
		if s.resources[typeURL] == nil {
			s.resources[typeURL] = map[string]bool{}
		}
		for _, name := range removed {
			delete(s.resources[typeURL], name)
		}
		for _, name := range added {
			s.resources[typeURL][name] = true
		}
		delete(s.missing, subscription(typeURL))
	})
}

// names are those that istiod has sent of a type.
func (s *state) names(typeURL string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.resources[typeURL]))
}

// known is a copy of all.
func (s *state) known() Known {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := Known{
		StandIn: notice, Ready: len(s.missing) == 0, Missing: slices.Sorted(maps.Keys(s.missing)), Connected: []string{},
		Certificates: map[string]time.Time{}, Workloads: maps.Clone(s.workloads), Resources: map[string]int{},
	}
	for identity, certificate := range s.certificates {
		k.Certificates[identity] = certificate.Leaf.NotAfter
	}
	for name, now := range s.connected {
		if now {
			k.Connected = append(k.Connected, name)
		}
	}
	slices.Sort(k.Connected)
	for uid, w := range k.Workloads {
		if expires, ok := k.Certificates[w.Identity]; ok {
			w.Certificate = &expires
			k.Workloads[uid] = w
		}
	}
	for typeURL, names := range s.resources {
		k.Resources[short(typeURL)] = len(names)
	}
	return k
}

// short is the type's name without its prefix and package.
func short(typeURL string) string { return typeURL[strings.LastIndexByte(typeURL, '.')+1:] }

// handler answers probes and tests.
func (s *state) handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz/ready", func(w http.ResponseWriter, _ *http.Request) {
		if k := s.known(); !k.Ready {
			http.Error(w, "not ready, missing: "+strings.Join(k.Missing, "; "), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /standin", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.known()) // who asked is gone
	})
	return mux
}
