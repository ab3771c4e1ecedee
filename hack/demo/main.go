// SPDX-License-Identifier: Apache-2.0

// Command demo installs a mesh with probes from the smallest sample on a local Kubernetes,
// and shows the progress: make demo, make demo-down.
//
// It installs the operator's chart with helm. On real nodes the operator runs as the
// chart says. No image can run on simulated nodes, so there it is a process on this
// machine that uses the chart's ServiceAccount. The operator and the cluster keep
// running when the demo ends. Run it in the root directory of the repository, after make build.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are what a person can choose.
type options struct {
	// version overrides the sample's spec.version unless empty.
	version string
	// nodes is the number of simulated nodes of a new cluster.
	nodes int
	// real is the number of nodes whose pods really run. With them, none is simulated.
	real int
	// timeout is for the mesh alone, not for compiling and starting Kubernetes.
	timeout time.Duration
	// down stops the demo instead.
	down bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctrl.SetLogger(logr.Discard()) // Unset, it prints where it was first asked for, after half a minute.
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	set := flag.NewFlagSet("demo", flag.ContinueOnError)
	set.StringVar(&o.version, "version", "", "Istio version instead of the sample's")
	set.IntVar(&o.nodes, "nodes", 10, "number of simulated nodes of a new cluster")
	set.IntVar(&o.real, "real", 0, "number of nodes whose pods really run, 1 or 2, as root; needs -nodes=0")
	set.DurationVar(&o.timeout, "timeout", 0, "how long the mesh may take; 0 is 2m, or 10m on real nodes")
	set.BoolVar(&o.down, "down", false, "stop the operator and the cluster")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if o.real > 0 && o.nodes > 0 {
		return o, fmt.Errorf("nodes are either simulated or real: give NODES=%d or REAL=%d, not both", o.nodes, o.real)
	}
	if o.timeout == 0 {
		o.timeout = 2 * time.Minute
		if o.real > 0 {
			o.timeout = 10 * time.Minute // pods start programs, and the machine gets to it when it can
		}
	}
	return o, nil
}
