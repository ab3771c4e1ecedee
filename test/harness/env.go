// SPDX-License-Identifier: Apache-2.0

// Package harness is what the suites share: a cluster of their own, the
// operator running in the test's process, and words for what they look at. It
// fails the running spec where something does not work.
package harness

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apimachinery "k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

const (
	// Nodes is the number of nodes of an environment's cluster.
	Nodes = 5
	// Name is the name of the resource in the samples.
	Name = "managed-istio"
	// Namespace is the install namespace in the samples.
	Namespace = "istio-system"
	// OperatorNamespace is the operator's own.
	OperatorNamespace = "gloo-operator"
	// Agent is the operator's user agent in the audit log.
	Agent = "gloo-operator"
)

// KubernetesVariable is the environment variable with the minor version of Kubernetes that clusters
// have, such as 1.36. Unset: the newest.
const KubernetesVariable = "TEST_KUBERNETES"

// Env is a cluster with the CRD in it, and with the rights that the chart gives.
type Env struct {
	// Cluster is the cluster itself.
	Cluster *cluster.Cluster
	// API is a cluster administrator.
	API client.Client

	// read are the CRDs that snapshots have read last, by name.
	read sync.Map
}

// New starts a cluster of K3s nodes with Cilium that is ready for an operator, and stops it
// when the node that called ends. A container that calls it in BeforeAll shares nothing
// with others.
func New(ctx context.Context, adjust ...func(*cluster.Options)) *Env {
	GinkgoHelper()
	e := NewBare(ctx, adjust...)
	e.Authorize(ctx)
	return e
}

// NewBare is New without anything of the operator in the cluster.
func NewBare(ctx context.Context, adjust ...func(*cluster.Options)) *Env {
	GinkgoHelper()
	options := cluster.Options{Nodes: Nodes, KubeletVersion: "+k3s1", Kubernetes: os.Getenv(KubernetesVariable), Cilium: true, Log: GinkgoWriter}
	for _, a := range adjust {
		a(&options)
	}
	started, err := cluster.Start(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.Stop)
	scheme := apimachinery.NewScheme()
	for _, add := range []func(*apimachinery.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1.AddToScheme} {
		Expect(add(scheme)).To(Succeed())
	}
	api, err := client.New(started.Config("test"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return &Env{Cluster: started, API: api}
}

// WithoutCilium leaves Cilium out: the nodes have the Flannel of K3s.
func WithoutCilium(o *cluster.Options) { o.Cilium = false }

// Repository is the path of a file of the repository.
func Repository(path string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", path)
}

// Kubectl runs the real command as an administrator and returns what it printed.
func (e *Env) Kubectl(arguments ...string) string {
	GinkgoHelper()
	out, err := e.TryKubectl(arguments...)
	Expect(err).NotTo(HaveOccurred(), out)
	return out
}

// TryKubectl is Kubectl for what may fail.
func (e *Env) TryKubectl(arguments ...string) (string, error) {
	command := exec.Command(e.Cluster.Binary("kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+e.Cluster.Kubeconfig())
	out, err := command.CombinedOutput()
	return string(out), err
}

// Shell runs a line as a person types it, with kubectl on the PATH.
func (e *Env) Shell(line string) string {
	GinkgoHelper()
	command := exec.Command("bash", "-c", line)
	command.Env = append(os.Environ(),
		"KUBECONFIG="+e.Cluster.Kubeconfig(), "PATH="+filepath.Dir(e.Cluster.Binary("kubectl"))+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}
