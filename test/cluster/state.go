// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// stateEntries are the names that may lie in a state directory.
var stateEntries = []string{
	"cluster.json", "kubeconfig", "pki", "logs", "etcd", "audit.log", "audit-policy.yaml", "kwok.yaml",
	"bin", "images", "Corefile", "node-1", "node-2",
}

// state is what another process needs to know about a cluster: cluster.json.
type state struct {
	Ports          ports             `json:"ports"`
	Tools          map[string]string `json:"tools"`
	Detached       bool              `json:"detached"`
	Audit          bool              `json:"audit"`
	NodeLabels     map[string]string `json:"nodeLabels,omitempty"`
	KubeletVersion string            `json:"kubeletVersion"`
	APIServerArgs  []string          `json:"apiServerArgs,omitempty"`
	RealNodes      int               `json:"realNodes,omitempty"`
	System         string            `json:"system,omitempty"`
	Simulates      bool              `json:"simulates"`
	LastNode       int               `json:"lastNode"`
	LastBehavior   int               `json:"lastBehavior"`
	Behaviors      []heldBehavior    `json:"behaviors,omitempty"`
}

func (c *Cluster) load() (state, error) {
	data, err := os.ReadFile(c.path("cluster.json"))
	if err != nil {
		return state{}, err
	}
	var s state
	return s, json.Unmarshal(data, &s)
}

// update changes the state, from what the file says: another process may have changed it.
func (c *Cluster) update(change func(*state)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, err := c.load()
	if err != nil {
		return fmt.Errorf("reading the cluster's state: %w", err)
	}
	change(&current)
	c.state.LastNode, c.state.LastBehavior, c.state.Behaviors = current.LastNode, current.LastBehavior, current.Behaviors
	return c.save()
}

func (c *Cluster) save() error {
	data, err := json.MarshalIndent(c.state, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(c.path("cluster.json"), data)
}

// replaceFile never leaves half a file.
func replaceFile(path string, data []byte) error {
	dir := filepath.Join(filepath.Dir(path), "pki")
	partial, err := os.CreateTemp(dir, ".partial-")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	_, err = partial.Write(data)
	if closing := partial.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(partial.Name(), path)
}

// prepare writes everything that the processes read.
func prepare(ctx context.Context, options Options, tools map[string]string) (*Cluster, error) {
	c := &Cluster{dir: options.Dir, log: options.Log, launcher: newLauncher(options.Detach)}
	for _, dir := range []string{"pki", "logs"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts()
	if err != nil {
		return nil, err
	}
	c.state = state{
		Ports: ports, Tools: tools, Detached: options.Detach, Audit: !options.DisableAudit,
		APIServerArgs: options.APIServerArgs, NodeLabels: options.NodeLabels, KubeletVersion: options.KubeletVersion,
		RealNodes: options.RealNodes, LastNode: options.RealNodes,
		Simulates: options.RealNodes == 0 || options.Nodes > 0,
	}
	if err := c.writeCredentials(); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	if err := os.WriteFile(c.path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return nil, err
	}
	if err := c.writeStages(); err != nil {
		return nil, fmt.Errorf("writing kwok's stages: %w", err)
	}
	if err := c.prepareNodes(ctx); err != nil {
		return nil, err
	}
	return c, c.save()
}

// buildTools gives the path of every program by its name.
func buildTools(ctx context.Context, log io.Writer, families []toolchain.Family) (map[string]string, error) {
	tools := map[string]string{}
	for _, family := range families {
		built, err := toolchain.Build(ctx, family, log)
		if err != nil {
			return nil, err
		}
		programs, err := built.Programs()
		if err != nil {
			return nil, err
		}
		for _, program := range programs {
			tools[program] = built.Path(program)
		}
	}
	return tools, nil
}
