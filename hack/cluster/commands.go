// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

const usage = `usage: cluster <command> [flags]

  up      start a cluster that goes on running
  down    stop a cluster and remove its state
  status  show what runs, and how to reach it
  list    show all clusters of this user
  tools   build or fetch the programs of a cluster and of tests, and print where they are

Each command lists its flags with -h.`

// asUsual is a number of nodes that was not given.
const asUsual = -1

// flags are common to the commands that are about one cluster.
type flags struct {
	name           string
	dir            string
	nodes          int
	realNodes      int
	images         []string
	real           bool
	kubeletVersion string
	kubernetes     string
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, flags) error{
		"up": up, "down": down, "status": status, "list": list, "tools": tools,
	}
	if len(args) == 0 {
		return errors.New(usage)
	}
	command, ok := commands[args[0]]
	if !ok {
		return errors.New(usage)
	}
	f, err := parse(args[0], args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return command(ctx, f)
}

func parse(command string, args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.StringVar(&f.name, "name", "default", "name of the cluster")
	set.StringVar(&f.dir, "dir", "", "directory of its state (default: by its name, in the user's cache)")
	if command == "up" {
		set.IntVar(&f.nodes, "nodes", asUsual, "number of simulated nodes; as usual, 3, or none beside real ones")
		set.IntVar(&f.realNodes, "real-nodes", 0, "number of nodes whose pods really run, 1 or 2 (as root)")
		set.Func("image", "archive of an image for the real nodes; may be repeated", func(path string) error {
			f.images = append(f.images, path)
			return nil
		})
		set.StringVar(&f.kubeletVersion, "kubelet-version", "", "what the nodes report (default: the version of Kubernetes, to which +k3s1 is appended: it makes K3s nodes)")
	}
	if command == "up" || command == "tools" {
		set.StringVar(&f.kubernetes, "kubernetes", "", "minor version of Kubernetes, such as 1.36 (default: the newest)")
	}
	if command == "tools" {
		set.BoolVar(&f.real, "real", false, "those of real nodes, and of the images of Istio for them, as well")
	}
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("%s: unexpected argument %q", command, set.Arg(0))
	}
	if f.name != filepath.Base(f.name) || f.name == "." || f.name == ".." {
		return f, fmt.Errorf("%q cannot be the name of a cluster", f.name)
	}
	if f.dir == "" {
		f.dir = cluster.NamedDir(f.name)
	}
	return f, nil
}

func up(ctx context.Context, f flags) error {
	nodes := f.nodes
	switch nodes {
	case 0:
		nodes = -1
	case asUsual:
		nodes = 0
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Dir: f.dir, Nodes: nodes, RealNodes: f.realNodes, Images: f.images, KubeletVersion: f.kubeletVersion, Kubernetes: f.kubernetes, Detach: true, Log: os.Stderr,
	})
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig())
	return nil
}

func down(_ context.Context, f flags) error {
	if err := cluster.Down(f.dir); err != nil {
		return err
	}
	fmt.Println("down:", f.dir)
	return nil
}

// status fails unless everything runs, so scripts can ask, too.
func status(_ context.Context, f flags) error {
	c, err := cluster.Open(f.dir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no cluster in %s; start one with: up", f.dir)
	}
	if err != nil {
		return err
	}
	missing := 0
	for _, name := range c.Processes() {
		pid := c.Process(name).PID()
		if pid == 0 {
			missing++
			fmt.Printf("%-24s stopped\n", name)
			continue
		}
		fmt.Printf("%-24s pid %d\n", name, pid)
	}
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig())
	if missing > 0 {
		return fmt.Errorf("%d processes do not run; their logs are in %s", missing, filepath.Join(f.dir, "logs"))
	}
	return nil
}

func list(context.Context, flags) error {
	for _, found := range cluster.List() {
		fmt.Printf("%-60s %d processes\n", found.Dir, found.Running)
	}
	return nil
}

func tools(ctx context.Context, f flags) error {
	families, err := familiesFor(f)
	if err != nil {
		return err
	}
	for _, family := range families {
		built, err := toolchain.Build(ctx, family, os.Stderr)
		if err != nil {
			return err
		}
		if err := show(built); err != nil {
			return err
		}
	}
	unpacked, err := toolchain.Unpack(ctx, toolchain.Prometheus(), os.Stderr)
	if err != nil {
		return err
	}
	for _, program := range toolchain.Prometheus().Programs {
		fmt.Println(unpacked.Path(program))
	}
	if !f.real {
		return nil
	}
	if err := envoys(ctx); err != nil {
		return err
	}
	system, err := toolchain.System(ctx, os.Stderr)
	if err == nil && system != "" {
		fmt.Println(system)
	}
	return err
}

// envoys are those of the releases of Istio that there are images of.
func envoys(ctx context.Context) error {
	versions, err := imagebuild.Versions()
	for _, version := range versions {
		fetched, problem := toolchain.Envoy(ctx, version, os.Stderr)
		if err = errors.Join(err, problem); err == nil {
			err = show(fetched)
		}
	}
	return err
}

// familiesFor are those that make tools asks for, with those of real nodes or without.
func familiesFor(f flags) ([]toolchain.Family, error) {
	families := slices.Concat(toolchain.Families(f.kubernetes), toolchain.Peers())
	if !f.real {
		return families, nil
	}
	families = append(families, toolchain.NodeFamilies(f.kubernetes)...)
	versions, err := imagebuild.Versions()
	for _, version := range versions {
		families = append(families, toolchain.Istio(version))
	}
	return families, err
}

func show(built toolchain.Tools) error {
	programs, err := built.Programs()
	for _, program := range programs {
		fmt.Println(built.Path(program))
	}
	return err
}
