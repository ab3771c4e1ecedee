// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

// recent is how many connections the log remembers.
const recent = 200

// AccessLog writes a line for each connection, in the format of ztunnel, and remembers the
// last ones. It is safe for concurrent use.
type AccessLog struct {
	Out io.Writer

	mu   sync.Mutex
	last []Connection
}

// Connection is a connection that has ended.
type Connection struct {
	Direction   string    `json:"direction"`
	Source      End       `json:"source"`
	Destination End       `json:"destination"`
	Started     time.Time `json:"started"`
	// Sent and Received are bytes, as the pod sees them.
	Sent     int64         `json:"sent"`
	Received int64         `json:"received"`
	Duration time.Duration `json:"duration"`
	// Error says why there was no connection: a policy that rejected it, for one.
	Error string `json:"error,omitempty"`
}

// End is one of the two.
type End struct {
	Address netip.AddrPort `json:"address"`
	// Tunnel is the destination inside of HBONE.
	Tunnel  netip.AddrPort `json:"tunnel,omitzero"`
	Service string         `json:"service,omitempty"`
	mesh.Peer
}

func (s *Server) entry(direction string) *Connection {
	return &Connection{Direction: direction, Started: time.Now()}
}

// peer is the pod.
func (s *Server) peer() mesh.Peer {
	return mesh.Peer{Workload: s.pod.Name, Namespace: s.pod.Namespace, Identity: s.pod.Identity}
}

func (e *Connection) fail(err error) {
	if err != nil {
		e.Error = err.Error()
	}
}

func (l *AccessLog) add(e *Connection) {
	e.Duration = time.Since(e.Started)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last = append(l.last, *e); len(l.last) > recent {
		l.last = slices.Delete(l.last, 0, 1)
	}
	_, _ = fmt.Fprintln(l.Out, e.line()) // to a closed output, nobody reads
}

// line is as in proxy/metrics.rs of ztunnel.
func (e *Connection) line() string {
	level := "info"
	if e.Error != "" {
		level = "error"
	}
	fields := []string{e.Source.fields("src")}
	fields = append(fields, e.Destination.fields("dst"), field("direction", e.Direction),
		"bytes_sent="+strconv.FormatInt(e.Sent, 10), "bytes_recv="+strconv.FormatInt(e.Received, 10),
		field("duration", strconv.FormatInt(e.Duration.Milliseconds(), 10)+"ms"))
	if e.Error != "" {
		fields = append(fields, field("error", e.Error))
	}
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	return strings.Join([]string{at, level, "access", "connection complete", strings.Join(fields, " ")}, "\t")
}

func (e End) fields(prefix string) string {
	all := []string{prefix + ".addr=" + e.Address.String()}
	if e.Tunnel.IsValid() {
		all = append(all, prefix+".hbone_addr="+e.Tunnel.String())
	}
	for _, one := range [][2]string{{"service", e.Service}, {"workload", e.Workload}, {"namespace", e.Namespace}, {"identity", e.Identity}} {
		if one[1] != "" {
			all = append(all, field(prefix+"."+one[0], one[1]))
		}
	}
	return strings.Join(all, " ")
}

func field(name, value string) string { return name + "=" + strconv.Quote(value) }

// ServeHTTP answers with the last connections, the oldest first, as JSON.
func (l *AccessLog) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	last := slices.Clone(l.last)
	l.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(last) // who asked is gone
}
