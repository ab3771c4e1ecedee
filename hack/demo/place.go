// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/images"
)

// place is where the operator runs.
type place interface {
	// prepare is called before helm installs the chart, and returns arguments for it.
	prepare(context.Context) (helm []string, err error)
	// start is called afterwards. The channel is closed when the operator has ended; it
	// is nil where somebody else starts it again.
	start(context.Context) (ended <-chan struct{}, err error)
	// log is where a person finds the operator's log.
	log() string
	// note is what a person must know about the mesh, if anything.
	note() string
}

func placeFor(c *cluster.Cluster, o options, versions []string) place {
	if o.real > 0 {
		return deployment{cluster: c, versions: versions}
	}
	return process{operator: operatorOf(c), cluster: c, binary: o.operator}
}

// process is beside the cluster: on simulated nodes runs no image.
type process struct {
	operator operator
	cluster  *cluster.Cluster
	binary   string
}

func (p process) prepare(context.Context) ([]string, error) {
	return []string{"--set", "manager.replicas=0"}, nil
}

func (p process) start(ctx context.Context) (<-chan struct{}, error) {
	if err := writeAccount(ctx, p.cluster, p.operator.kubeconfig); err != nil {
		return nil, err
	}
	ended, err := p.operator.start(p.binary)
	if err != nil {
		return nil, err
	}
	fmt.Printf("operator: pid %d of this machine, as the chart's ServiceAccount, log %s\n", p.operator.running(), p.log())
	return ended, nil
}

func (p process) log() string { return short(p.operator.log) }

func (p process) note() string { return "" }

// deployment is the chart's own, out of the operator's image.
type deployment struct {
	cluster *cluster.Cluster
	// versions are those of Istio whose images the nodes get.
	versions []string
}

// prepare gives the nodes all images. The annotation replaces pods of an older operator,
// whose image has the same name.
func (d deployment) prepare(ctx context.Context) ([]string, error) {
	fmt.Println("making the images of the operator and of Istio, and loading them; the first time, they are compiled")
	made, err := images.Build(ctx, os.Stdout, d.versions...)
	if err != nil {
		return nil, err
	}
	if err := d.cluster.LoadImages(ctx, images.Paths(made)...); err != nil {
		return nil, err
	}
	set, err := annotation(made)
	return []string{"--wait", "--timeout", "5m", "--set-string", set}, err
}

// annotation sets the content of the operator's image, which the name of its archive tells.
func annotation(made []images.Tarball) (string, error) {
	for _, image := range made {
		if archive := filepath.Base(image.Path); strings.HasPrefix(archive, "gloo-operator-") {
			return "manager.podAnnotations.archive=" + archive, nil
		}
	}
	return "", errors.New("no image of the operator has been made")
}

func (d deployment) start(context.Context) (<-chan struct{}, error) {
	fmt.Printf("operator: Deployment gloo-operator of the chart, log: %s\n", d.log())
	return nil, nil
}

func (d deployment) log() string {
	return kubectl(d.cluster) + " logs -n " + operatorNamespace + " deploy/gloo-operator --all-pods"
}

func (d deployment) note() string {
	if os.Getenv(images.ZtunnelVariable) != "" {
		return ""
	}
	return `All pods really run, but ztunnel is a stand-in: it carries no traffic, so connections from
and to pods in the mesh fail. docs/end-to-end-images.md tells how to take the real one.`
}
