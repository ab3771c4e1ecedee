// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

const (
	// clusterName is the local cluster that the demo uses and leaves running.
	clusterName = "demo"
	// kubeletVersion makes the simulated nodes K3s nodes; they have Cilium as well.
	kubeletVersion = "+k3s1"
	// operatorNamespace is where the chart is installed.
	operatorNamespace = "gloo-operator"
	// sample is the manifest of the mesh.
	sample = "config/samples/minimal.yaml"
)

// demo is a cluster that the demo installs a mesh in.
type demo struct {
	options
	cluster *cluster.Cluster
	// versions are those of Istio that the cluster's nodes can run, the oldest first.
	versions []string
	// initial is the version of a new mesh. Empty: the sample's own.
	initial string
}

func run(ctx context.Context, o options) error {
	if o.down {
		return down()
	}
	d, err := newDemo(o)
	if err != nil {
		return err
	}
	manifest, err := readSample(sample, d.initial)
	if err != nil {
		return err
	}
	if d.cluster, err = openOrStart(ctx, o, versionOf(manifest)); err != nil {
		return err
	}
	if err := d.install(ctx, manifest); err != nil {
		return fmt.Errorf("%w\n%s", err, d.whereToLook())
	}
	if err := d.checkHealth(ctx); err != nil {
		return err
	}
	d.printNext(os.Stdout, manifest)
	return nil
}

// newDemo finds the versions of Istio that there are, and checks the wanted one. On simulated
// nodes any version is accepted: the operator rejects an unknown one itself.
func newDemo(o options) (demo, error) {
	d := demo{options: o, versions: istio.Versions(), initial: o.version}
	if o.real == 0 {
		return d, nil
	}
	var err error
	if d.versions, err = imagebuild.Versions(); err != nil {
		return d, err
	}
	if d.initial = cmp.Or(o.version, d.versions[0]); !slices.Contains(d.versions, d.initial) {
		return d, fmt.Errorf("there are no images of Istio %s for real nodes: use VERSION=%s", o.version, strings.Join(d.versions, " or "))
	}
	return d, nil
}

// openOrStart opens the demo's running cluster, or starts it for that version of Istio.
func openOrStart(ctx context.Context, o options, version string) (*cluster.Cluster, error) {
	dir := cluster.NamedDir(clusterName)
	c, err := cluster.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return startCluster(ctx, dir, o, version)
	}
	if err != nil {
		return nil, err
	}
	running := slices.DeleteFunc(c.Processes(), func(name string) bool { return !c.Process(name).Running() })
	switch len(running) {
	case len(c.Processes()):
		fmt.Printf("using the running cluster in %s; make demo-down stops it\n", short(dir))
		return c, sameKind(c.RealNodes(), o.real)
	case 0:
		return startCluster(ctx, dir, o, version)
	default:
		return nil, fmt.Errorf("only %d of %d processes of the cluster in %s run: stop it with make demo-down, then start it again",
			len(running), len(c.Processes()), dir)
	}
}

// sameKind compares the numbers of real nodes of the running and of the wanted cluster.
func sameKind(running, wanted int) error {
	if running == wanted {
		return nil
	}
	return fmt.Errorf("the demo's cluster is running with %s: stop it with make demo-down, then start one with %s",
		kindOf(running), kindOf(wanted))
}

// kindOf names the nodes of a cluster with that number of real ones.
func kindOf(real int) string {
	if real == 0 {
		return "simulated nodes"
	}
	return fmt.Sprintf("real nodes (REAL=%d)", real)
}

func startCluster(ctx context.Context, dir string, o options, version string) (*cluster.Cluster, error) {
	kubernetes, err := kubernetesFor(version)
	if err != nil {
		return nil, err
	}
	kind, nodes := fmt.Sprintf("%d simulated K3s nodes and Cilium", o.nodes), o.nodes
	if o.real > 0 {
		kind, nodes = kindOf(o.real), -1
	}
	fmt.Printf("starting Kubernetes with %s; the first start compiles its programs\n", kind)
	return cluster.Start(ctx, cluster.Options{
		Dir: dir, Nodes: nodes, RealNodes: o.real, Kubernetes: kubernetes, KubeletVersion: kubeletVersion, Cilium: o.real == 0, Detach: true, Log: os.Stdout,
	})
}

// down stops the cluster, and with it the operator.
func down() error {
	if err := cluster.Down(cluster.NamedDir(clusterName)); err != nil {
		return err
	}
	fmt.Println("the demo's operator and cluster are stopped")
	return nil
}

func (d demo) whereToLook() string {
	return fmt.Sprintf("  the operator's log: %s\n  Kubernetes' logs:   %s\n  the resource:       %s describe smc",
		d.operatorLog(), short(filepath.Join(d.cluster.Dir(), "logs")), d.kubectl())
}

// kubectl is the command line for the cluster's kubectl, from any shell.
func (d demo) kubectl() string {
	return fmt.Sprintf("KUBECONFIG=%s %s", short(d.cluster.Kubeconfig()), short(d.cluster.Binary("kubectl")))
}

// short is the path as one types it into a shell.
func short(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || !strings.HasPrefix(path, home+"/") {
		return path
	}
	return "$HOME" + strings.TrimPrefix(path, home)
}

// printNext prints what a user can do next.
func (d demo) printNext(out io.Writer, manifest *object) {
	if d.real > 0 && os.Getenv(imagebuild.ZtunnelVariable) == "" {
		fmt.Fprint(out, standInNote)
	}
	fmt.Fprintf(out, `
The cluster and the operator keep running. To use them from this shell:
  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl get smc -w
`, short(d.cluster.Kubeconfig()), short(filepath.Dir(d.cluster.Binary("kubectl"))))
	if i := slices.Index(d.versions, versionOf(manifest)); i >= 0 && i+1 < len(d.versions) {
		fmt.Fprintf(out, "To change the version and watch the upgrade:\n  kubectl patch smc %s --type merge -p '{\"spec\":{\"version\":\"%s\"}}'\n",
			manifest.GetName(), d.versions[i+1])
	}
	fmt.Fprintln(out, "To stop the demo:\n  make demo-down")
}

const standInNote = `
All pods really run, but ztunnel is a stand-in that carries traffic as far as the tests need it.
docs/end-to-end-images.md explains the differences, and how to use the real one.
`
