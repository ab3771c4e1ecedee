// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// Options say what kind of cluster Start makes. The zero value is a cluster of three nodes that
// lives in a temporary directory.
type Options struct {
	// Dir holds the state; it is created and must not hold another cluster. Empty means a
	// temporary directory. Stop removes it in either case.
	Dir string
	// Nodes is the number of nodes to begin with: 3 when zero, none when negative.
	Nodes int
	// RealNodes is the number of nodes whose pods really run, 2 at most: see the package's
	// documentation. With them, Nodes is the number of simulated nodes besides, and none when zero.
	RealNodes int
	// Images are archives of images, as docker save and others write them, for the real nodes.
	Images []string
	// Kubernetes is the minor version of the control plane and of real nodes, one of
	// toolchain.OlderKubernetes. Empty means the newest that there is.
	Kubernetes string
	// APIServerArgs are arguments for the API server besides its usual ones, such as feature gates.
	APIServerArgs []string
	// NodeLabels are set on every simulated node besides the well-known ones.
	NodeLabels map[string]string
	// KubeletVersion is what simulated nodes report. Empty means the control plane's version, and
	// a value that begins with "+" is appended to it: "+k3s1" makes K3s nodes.
	KubeletVersion string
	// Cilium creates the objects by which programs recognize Cilium and its settings, as its
	// chart does with cni.exclusive=false. It is for simulated nodes.
	Cilium bool
	// DisableAudit turns the audit log off.
	DisableAudit bool
	// Detach lets the cluster outlive this process.
	Detach bool
	// Log receives progress, one line a step. Nil discards it.
	Log io.Writer
}

func (o Options) withDefaults() (Options, error) {
	if o.Nodes == 0 && o.RealNodes == 0 {
		o.Nodes = 3
	}
	if o.KubeletVersion == "" || o.KubeletVersion[0] == '+' {
		version, err := toolchain.Kubernetes(o.Kubernetes).Version()
		if err != nil {
			return o, err
		}
		o.KubeletVersion = version + o.KubeletVersion
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "gloo-operator-cluster-")
		if err != nil {
			return o, fmt.Errorf("making a state directory: %w", err)
		}
		o.Dir = dir
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("state directory %s: %w", o.Dir, err)
	}
	o.Dir = dir
	return o, os.MkdirAll(dir, 0o700)
}
