// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
)

// maxConnections is how many a port serves at a time. Others wait in the kernel.
const maxConnections = 64

// nodesOwn are the addresses that istio-cni gives connections from the node itself, which
// do not go through ztunnel: they are no proof.
var nodesOwn = []netip.Addr{netip.MustParseAddr("169.254.7.127"), netip.MustParseAddr("fd16:9254:7127:1337:ffff:ffff:ffff:ffff")}

// traffic answers other probes with the node's name, and takes note of it.
func (c Config) traffic(r *record) http.Handler {
	return only("/", func(w http.ResponseWriter, request *http.Request) {
		if from, err := netip.ParseAddrPort(request.RemoteAddr); err == nil && c.foreign(from.Addr().Unmap()) {
			r.reached()
		}
		_, _ = io.WriteString(w, c.Node) // who asked is gone
	})
}

// foreign reports whether an address can be another probe's.
func (c Config) foreign(address netip.Addr) bool {
	return address != c.Address && address != nodesOwn[0] && address != nodesOwn[1]
}

// forbidden answers where policies let nobody in.
func (c Config) forbidden() http.Handler {
	return only("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, c.Node) // who asked is gone
	})
}

// status answers kubelet and operator.
func (r *record) status() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/livez", only("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	mux.Handle("/readyz", only("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		result := r.current()
		if result.State == Proven {
			_, _ = io.WriteString(w, "ok")
			return
		}
		http.Error(w, fmt.Sprintf("%s: %s", cmp.Or(string(result.Reason), string(result.State)), result.Message), http.StatusServiceUnavailable)
	}))
	mux.Handle("/result", only("/result", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(r.current()) // who asked is gone
	}))
	return mux
}

// only answers GET for one path.
func only(path string, handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		switch {
		case request.URL.Path != path:
			http.NotFound(w, request)
		case request.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
		default:
			handle(w, request)
		}
	})
}

// server is a port of a probe.
type server struct {
	listener net.Listener
	http     *http.Server
}

// listen opens a port, for IPv4 and IPv6.
func (c Config) listen(ctx context.Context, port uint16, handler http.Handler) (server, error) {
	listener, err := (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp", net.JoinHostPort(c.Listen, strconv.Itoa(int(port))))
	if err != nil {
		return server{}, err
	}
	s := &http.Server{
		Handler: handler, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: c.Timeout, ReadTimeout: c.Timeout, WriteTimeout: 2 * c.Timeout, IdleTimeout: c.Timeout,
	}
	s.SetKeepAlivesEnabled(false)
	return server{newLimited(listener, maxConnections), s}, nil
}

// listenAll opens the ports of a probe.
func (c Config) listenAll(ctx context.Context, r *record) ([]server, error) {
	var servers []server
	for _, one := range []struct {
		port    uint16
		handler http.Handler
	}{{c.Ports.Traffic, c.traffic(r)}, {c.Ports.Forbidden, c.forbidden()}, {c.Ports.Status, r.status()}} {
		s, err := c.listen(ctx, one.port, one.handler)
		if err != nil {
			closeAll(servers)
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// closeAll ends servers and their connections at once.
func closeAll(servers []server) {
	for _, s := range servers {
		_, _ = s.http.Close(), s.listener.Close() // the process ends
	}
}

// Run runs a probe until the context ends, which is no error.
func Run(ctx context.Context, c Config) error {
	if c.network == nil {
		c.network = c.inside()
	}
	r := newRecord(c)
	servers, err := c.listenAll(ctx, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { failed <- s.http.Serve(s.listener) }()
	}
	ended := make(chan struct{})
	go func() { newProber(c, r).run(ctx); close(ended) }()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	cancel()
	closeAll(servers)
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
