// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gloo-operator/gloo-operator/test/cluster/node"
)

// Cluster is a running cluster. Its methods are safe for use by several goroutines.
type Cluster struct {
	dir      string
	log      io.Writer
	launcher *launcher
	admin    credentials

	staging sync.Mutex // held while kwok's stages change
	mu      sync.Mutex // guards what changes in state: its last three fields
	state   state
}

// starts is how often Start tries: another program may take a port between our finding it free
// and our process listening on it.
const starts = 3

// Start builds what is missing, starts a cluster and returns when its nodes are Ready and pods
// can be created. On an error nothing is left running.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	tools, err := buildTools(ctx, options.Log, options.families())
	if err != nil {
		return nil, err
	}
	if len(find(options.Dir)) > 0 {
		return nil, fmt.Errorf("a cluster with state in %s is running already", options.Dir)
	}
	for try := 1; ; try++ {
		c, err := start(ctx, options, tools)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, errPortTaken) || try == starts {
			return nil, err
		}
		fmt.Fprintf(options.Log, "trying again: %v\n", err)
	}
}

func start(ctx context.Context, options Options, tools map[string]string) (*Cluster, error) {
	began := time.Now()
	if err := Down(options.Dir); err != nil {
		return nil, fmt.Errorf("removing what an earlier cluster left: %w", err)
	}
	c, err := prepare(ctx, options, tools)
	if err != nil {
		return nil, fmt.Errorf("preparing %s: %w", options.Dir, err)
	}
	if err := c.bringUp(ctx, options); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	fmt.Fprintf(c.log, "cluster ready in %.1f s: KUBECONFIG=%s\n", time.Since(began).Seconds(), c.Kubeconfig())
	return c, nil
}

// Open takes hold of the cluster whose state is in dir, for instance one that another process
// started. Processes it starts belong to this process, unless the cluster is a detached one.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, log: io.Discard}
	if c.state, err = c.load(); err != nil {
		return nil, fmt.Errorf("opening the cluster in %s: %w", dir, err)
	}
	if c.admin, err = readCredentials(c.path("pki"), adminName); err != nil {
		return nil, fmt.Errorf("opening the cluster in %s: %w", dir, err)
	}
	c.launcher = newLauncher(c.state.Detached)
	return c, nil
}

// Stop ends all processes of the cluster and removes its state.
func (c *Cluster) Stop() error {
	err := Down(c.dir)
	c.launcher.close()
	return err
}

// Down ends all processes of the cluster whose state is or was in dir, whoever started them, and
// removes the state. It is no error when there is nothing.
func Down(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := endAll(dir); err != nil {
		return fmt.Errorf("stopping the cluster in %s: %w", dir, err)
	}
	if err := node.RemoveGroups(dir); err != nil {
		return err
	}
	return removeState(dir)
}

// removeState removes dir if it looks like a state directory: its path may come from a person.
func removeState(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !slices.Contains(stateEntries, entry.Name()) {
			return fmt.Errorf("%s is left in place: it holds %s, which is not of a cluster", dir, entry.Name())
		}
	}
	return os.RemoveAll(dir)
}

// Dir is the directory that holds the state: logs/<process>.log, audit.log, kubeconfig.
func (c *Cluster) Dir() string { return c.dir }

// Kubeconfig is the path of a kubeconfig file for a cluster administrator.
func (c *Cluster) Kubeconfig() string { return c.path("kubeconfig") }

// Binary is the path of a program that was built for the cluster, "kubectl" for instance.
func (c *Cluster) Binary(name string) string { return c.state.Tools[name] }

func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}
