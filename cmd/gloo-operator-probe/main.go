// SPDX-License-Identifier: Apache-2.0

// Command gloo-operator-probe proves the mesh's traffic on its node, and says whether it
// could. One runs on each node.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/gloo-operator/gloo-operator/internal/probe"
)

func main() {
	// It is idle nearly always: less memory is worth more than fewer collections.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := probe.Parse(os.Args[1:], os.Getenv, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gloo-operator-probe:", err)
		os.Exit(2)
	}
	if err := probe.Run(ctx, config); err != nil {
		fmt.Fprintln(os.Stderr, "gloo-operator-probe:", err)
		os.Exit(1)
	}
}
