// SPDX-License-Identifier: Apache-2.0

// Package integration_test runs the operator against a real API server with
// simulated nodes.
package integration_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

const (
	nodes     = 5
	meshName  = "managed-istio"
	namespace = "istio-system"
)

var (
	kube *cluster.Cluster
	// api is a cluster administrator.
	api client.Client
)

func TestIntegration(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(90 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Operator on a real API server")
}

// newCluster starts a cluster for the container that called, with the CRD in it.
// Containers share none, so that each begins with an empty one.
func newCluster(ctx context.Context) {
	GinkgoHelper()
	var err error
	kube, err = cluster.Start(ctx, cluster.Options{Nodes: nodes, KubeletVersion: "v1.37.2+k3s1", Log: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(kube.Stop)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1.AddToScheme} {
		Expect(add(scheme)).To(Succeed())
	}
	api, err = client.New(kube.Config("test"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	kubectl("apply", "--server-side", "-f", repository("config/crd/operator.gloo.solo.io_servicemeshcontrollers.yaml"))
	kubectl("wait", "--for=condition=Established", "crd/servicemeshcontrollers.operator.gloo.solo.io")
}

func background() context.Context { return context.Background() }

func init() {
	// A test that talks to anything but its own cluster is a mistake.
	_ = os.Unsetenv("KUBECONFIG")
}
