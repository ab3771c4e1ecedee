// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

const (
	// clusterName is the local cluster that the demo uses and leaves running.
	clusterName = "demo"
	// kubeletVersion makes the simulated nodes K3s nodes.
	kubeletVersion = cluster.DefaultKubeletVersion + "+k3s1"
	// operatorNamespace is where the chart is installed.
	operatorNamespace = "gloo-operator"
)

func run(ctx context.Context, o options) error {
	if o.down {
		return down()
	}
	versions, err := versionsFor(o)
	if err != nil {
		return err
	}
	version, err := versionFor(o, versions)
	if err != nil {
		return err
	}
	manifest, err := readSample(o.sample, version)
	if err != nil {
		return err
	}
	c, err := openOrStart(ctx, o)
	if err != nil {
		return err
	}
	at := placeFor(c, o, versions)
	if err := install(ctx, c, at, manifest, o); err != nil {
		return err
	}
	if err := healthCheck(ctx, c); err != nil {
		return err
	}
	printNext(os.Stdout, c, at, manifest.GetName(), nextVersion(versionOf(manifest), versions))
	return nil
}

// install installs the operator, and the mesh by it.
func install(ctx context.Context, c *cluster.Cluster, at place, manifest *object, o options) error {
	kube, err := newClient(c)
	if err != nil {
		return err
	}
	besides, err := at.prepare(ctx)
	if err != nil {
		return err
	}
	if err := installChart(ctx, c, kube, o.chart, besides); err != nil {
		return fmt.Errorf("%w\n%s", err, whereToLook(c, at))
	}
	ended, err := at.start(ctx)
	if err != nil {
		return err
	}
	if o.version == "" {
		if err := keepVersion(ctx, kube, manifest); err != nil {
			return err
		}
	}
	if err := showInstallation(ctx, kube, manifest, o, ended); err != nil {
		return fmt.Errorf("%w\n%s", err, whereToLook(c, at))
	}
	return nil
}

// showInstallation applies the manifest and returns when the mesh is complete.
func showInstallation(ctx context.Context, kube client.WithWatch, manifest *object, o options, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	fmt.Printf("kubectl apply -f %s # version %s\n\n", o.sample, versionOf(manifest))
	view := newDisplay(os.Stdout)
	if err := apply(ctx, kube, manifest); err != nil {
		return err
	}
	err := follow(ctx, kube, manifest.GetName(), view, ended)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the mesh is not complete after %s", o.timeout)
	}
	return err
}

// openOrStart takes the demo's cluster where it runs, and starts it otherwise.
func openOrStart(ctx context.Context, o options) (*cluster.Cluster, error) {
	dir := cluster.NamedDir(clusterName)
	c, err := cluster.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return startCluster(ctx, dir, o)
	}
	if err != nil {
		return nil, err
	}
	running := 0
	for _, name := range c.Processes() {
		if c.Process(name).Running() {
			running++
		}
	}
	switch running {
	case len(c.Processes()):
		if err := sameKind(c.RealNodes(), o.real); err != nil {
			return nil, err
		}
		fmt.Printf("using the cluster that runs already, in %s; make demo-down ends it\n", short(dir))
		return c, nil
	case 0:
		return startCluster(ctx, dir, o)
	default:
		return nil, fmt.Errorf("only %d of %d processes of the cluster in %s run: end it with make demo-down, then start anew",
			running, len(c.Processes()), dir)
	}
}

// kindOf names the nodes of a cluster with that number of real ones.
func kindOf(real int) string {
	if real == 0 {
		return "simulated nodes"
	}
	return fmt.Sprintf("real nodes (REAL=%d)", real)
}

// sameKind takes two numbers of real nodes, of the cluster that runs and of the wanted one.
func sameKind(running, wanted int) error {
	if running == wanted {
		return nil
	}
	return fmt.Errorf("the demo's cluster runs already, with %s: end it with make demo-down, then start one with %s",
		kindOf(running), kindOf(wanted))
}

func startCluster(ctx context.Context, dir string, o options) (*cluster.Cluster, error) {
	kind := fmt.Sprintf("%d simulated K3s nodes", o.nodes)
	if o.real > 0 {
		kind = kindOf(o.real)
	}
	fmt.Printf("starting Kubernetes with %s; the first time, its programs are compiled\n", kind)
	nodes := o.nodes
	if nodes == 0 {
		nodes = -1
	}
	return cluster.Start(ctx, cluster.Options{
		Dir: dir, Nodes: nodes, RealNodes: o.real, KubeletVersion: kubeletVersion, Detach: true, Log: os.Stdout,
	})
}

func newClient(c *cluster.Cluster) (client.WithWatch, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	return client.NewWithWatch(c.Config("demo"), client.Options{Scheme: scheme})
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, v1.AddToScheme(scheme)
}

func down() error {
	dir := cluster.NamedDir(clusterName)
	if c, err := cluster.Open(dir); err == nil {
		if err := operatorOf(c).stop(); err != nil {
			return err
		}
	}
	if err := cluster.Down(dir); err != nil {
		return err
	}
	fmt.Println("the demo's operator and cluster are stopped")
	return nil
}

func whereToLook(c *cluster.Cluster, at place) string {
	return fmt.Sprintf("  the operator's log: %s\n  Kubernetes' logs:   %s\n  the resource:       %s describe smc",
		at.log(), short(filepath.Join(c.Dir(), "logs")), kubectl(c))
}

// kubectl is how a person runs it on the cluster from any shell.
func kubectl(c *cluster.Cluster) string {
	return fmt.Sprintf("KUBECONFIG=%s %s", short(c.Kubeconfig()), short(c.Binary("kubectl")))
}

// short is the path as a person would type it into a shell.
func short(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || !strings.HasPrefix(path, home+"/") {
		return path
	}
	return "$HOME" + strings.TrimPrefix(path, home)
}

// printNext tells how to go on by hand.
func printNext(out io.Writer, c *cluster.Cluster, at place, name, next string) {
	if note := at.note(); note != "" {
		fmt.Fprintf(out, "\n%s\n", note)
	}
	fmt.Fprintf(out, `
The cluster and the operator go on running. Look around in this shell:
  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl get smc -w
`, short(c.Kubeconfig()), short(filepath.Dir(c.Binary("kubectl"))))
	if next != "" {
		fmt.Fprintf(out, "Change the version, and watch the upgrade:\n  kubectl patch smc %s --type merge -p '{\"spec\":{\"version\":\"%s\"}}'\n", name, next)
	}
	fmt.Fprintln(out, "End it:\n  make demo-down")
}
