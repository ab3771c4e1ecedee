// SPDX-License-Identifier: Apache-2.0

// Command demo turns the K3s and Cilium sample into a mesh on a local
// Kubernetes, and shows how it goes: make demo, make demo-down.
//
// It installs the operator's chart with helm. On real nodes the operator runs as the
// chart says. No image can run on simulated nodes, so there it is a process of this
// machine that uses the chart's ServiceAccount. The operator and the cluster go on
// running when the demo ends. Run it in the root folder of the repository, after make build.
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
)

// options are what a person can choose.
type options struct {
	// version overrides the sample's spec.version unless empty.
	version string
	// nodes is the number of simulated nodes of a new cluster.
	nodes int
	// real is the number of nodes whose pods really run. With them, none is simulated.
	real int
	// sample, chart and operator are paths below the root of the repository.
	sample, chart, operator string
	// timeout is for the mesh alone, not for compiling and starting Kubernetes.
	timeout time.Duration
	// down ends the demo instead.
	down bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
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
	set.StringVar(&o.sample, "sample", "config/samples/k3s-cilium.yaml", "manifest with one ServiceMeshController")
	set.StringVar(&o.chart, "chart", "charts/gloo-operator", "folder with the operator's chart")
	set.StringVar(&o.operator, "operator", "bin/gloo-operator", "the operator's binary")
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
