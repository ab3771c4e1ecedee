// SPDX-License-Identifier: Apache-2.0

// Command ztunnelstandin stands in for ztunnel in tests, where the real one, a program in
// Rust that istio.io publishes as an image only, cannot be had. It does what the other
// parts of a mesh can see of ztunnel:
//
//   - it takes pods and their network namespaces from the node agent (ZDS), and
//     acknowledges each message when it listens in them;
//   - it gets its certificate, and one for each of those pods, from istiod's CA;
//   - it subscribes to addresses and policies from istiod (delta xDS);
//   - it turns ready when all of that has happened once, and stays ready, as ztunnel does;
//   - it carries the pods' traffic: package proxy.
//
// At SIGTERM it closes its listeners, and ends with its last connection or just before its
// grace period does.
//
// GET /standin on the port of its readiness tells what it knows, and GET /connections the
// last connections, as JSON. GET /ask asks istiod again, and is an error where istiod does
// not answer. On ztunnel's admin port it answers `istioctl ztunnel-config`.
// docs/end-to-end-images.md says where it differs from ztunnel.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/proxy"
)

// notice is the first line of the log.
const notice = "this is a stand-in for ztunnel: it carries traffic as far as tests need it"

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	log.Warn(notice)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := settingsOf(os.LookupEnv)
	if err == nil {
		err = run(ctx, s, log)
	}
	if err != nil {
		log.Error("ending", "error", err.Error())
		os.Exit(1)
	}
}

// run does all until the context ends, and then lets connections end.
func run(ctx context.Context, s settings, log *slog.Logger) error {
	nameservers, err := proxy.Nameservers(s.resolver)
	if err != nil {
		return err
	}
	known, addresses := newState(s.identity()), mesh.New(s.trustDomain)
	certificates := newKeeper(authority{settings: s}, known, log)
	carrying := &proxy.Proxy{
		Mesh: addresses, Certificate: known.certificate, Roots: s.roots, Nameservers: nameservers, Log: &proxy.AccessLog{Out: os.Stderr},
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := &pods{
		agent: agent{settings: s, state: known, certificates: certificates, proxy: carrying, log: log},
		ctx:   ctx, held: map[string]held{},
	}
	xds := discovery{settings: s, state: known, mesh: addresses, log: log}
	var running sync.WaitGroup
	for name, task := range map[string]func(context.Context) error{"zds": served.follow, "xds": xds.follow} {
		running.Go(func() { persist(ctx, log.With("task", name), task) })
	}
	running.Go(func() { certificates.want(ctx, s.identity()) })
	ready := known.handler()
	ready.HandleFunc("GET /ask", xds.answer)
	ready.Handle("GET /connections", carrying.Log)
	failed := make(chan error, 2)
	running.Go(func() { failed <- serve(ctx, s.listen, ready) })
	running.Go(func() { failed <- serve(ctx, s.admin, known.admin()) })
	err = <-failed // or nil at the end
	stop()
	running.Wait()
	served.drain(s.drain)
	return err
}

// serve answers until the context ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // nobody waits for an answer then
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// persist runs a task again whenever it fails, a second later.
func persist(ctx context.Context, log *slog.Logger, task func(context.Context) error) {
	for ctx.Err() == nil {
		if err := task(ctx); err != nil && ctx.Err() == nil {
			log.Warn("trying again", "error", err.Error())
		}
		wait(ctx, time.Second)
	}
}

// wait returns after that time, or when the context ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
