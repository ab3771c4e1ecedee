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
	manifest, err := readSample(o.sample, o.version)
	if err != nil {
		return err
	}
	c, err := openOrStart(ctx, o.nodes)
	if err != nil {
		return err
	}
	kube, err := newClient(c)
	if err != nil {
		return err
	}
	if err := installChart(ctx, c, kube, o.chart); err != nil {
		return err
	}
	operator := operatorOf(c)
	if err := writeAccount(ctx, c, operator.kubeconfig); err != nil {
		return err
	}
	ended, err := operator.start(o.operator)
	if err != nil {
		return err
	}
	fmt.Printf("operator: pid %d of this machine, as the chart's ServiceAccount, log %s\n", operator.running(), short(operator.log))
	if err := showInstallation(ctx, kube, manifest, o, ended); err != nil {
		return fmt.Errorf("%w\n%s", err, whereToLook(c, operator))
	}
	if err := healthCheck(ctx, c); err != nil {
		return err
	}
	printNext(os.Stdout, c, manifest.GetName(), versionOf(manifest))
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
func openOrStart(ctx context.Context, nodes int) (*cluster.Cluster, error) {
	dir := cluster.NamedDir(clusterName)
	c, err := cluster.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return startCluster(ctx, dir, nodes)
	}
	if err != nil {
		return nil, err
	}
	running := 0
	for _, name := range cluster.Processes() {
		if c.Process(name).Running() {
			running++
		}
	}
	switch running {
	case len(cluster.Processes()):
		fmt.Printf("using the cluster that runs already, in %s; make demo-down ends it\n", short(dir))
		return c, nil
	case 0:
		return startCluster(ctx, dir, nodes)
	default:
		return nil, fmt.Errorf("only %d of %d processes of the cluster in %s run: end it with make demo-down, then start anew",
			running, len(cluster.Processes()), dir)
	}
}

func startCluster(ctx context.Context, dir string, nodes int) (*cluster.Cluster, error) {
	fmt.Printf("starting Kubernetes with %d simulated K3s nodes; the first time, its programs are compiled\n", nodes)
	if nodes == 0 {
		nodes = -1
	}
	return cluster.Start(ctx, cluster.Options{
		Dir: dir, Nodes: nodes, KubeletVersion: kubeletVersion, Detach: true, Log: os.Stdout,
	})
}

func newClient(c *cluster.Cluster) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	if err := v1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return client.NewWithWatch(c.Config("demo"), client.Options{Scheme: scheme})
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

func whereToLook(c *cluster.Cluster, operator operator) string {
	return fmt.Sprintf("  the operator's log: %s\n  Kubernetes' logs:   %s\n  the resource:       KUBECONFIG=%s %s describe smc",
		short(operator.log), short(filepath.Join(c.Dir(), "logs")), short(c.Kubeconfig()), short(c.Binary("kubectl")))
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
func printNext(out io.Writer, c *cluster.Cluster, name, version string) {
	fmt.Fprintf(out, `
The cluster and the operator go on running. Look around in this shell:
  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl get smc -w
`, short(c.Kubeconfig()), short(filepath.Dir(c.Binary("kubectl"))))
	if next := otherVersion(version); next != "" {
		fmt.Fprintf(out, "Change the version, and watch the upgrade:\n  kubectl patch smc %s --type merge -p '{\"spec\":{\"version\":\"%s\"}}'\n", name, next)
	}
	fmt.Fprintln(out, "End it:\n  make demo-down")
}
