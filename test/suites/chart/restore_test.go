// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"net/http"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// secondNamespace is another install namespace, which no mesh is in.
const secondNamespace = "second-mesh"

// phases follows the phases of the mesh, each once, until the node that called ends.
func phases() func() []v1.Phase {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1.AddToScheme(scheme)).To(Succeed())
	api, err := client.NewWithWatch(env.Cluster.Config("watcher"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	following, cancel := context.WithCancel(context.Background())
	stream, err := api.Watch(following, &v1.ServiceMeshControllerList{})
	Expect(err).NotTo(HaveOccurred())
	var mu sync.Mutex
	var seen []v1.Phase
	go func() {
		for event := range stream.ResultChan() {
			if smc, ok := event.Object.(*v1.ServiceMeshController); ok {
				mu.Lock()
				seen = append(seen, smc.Status.Phase)
				mu.Unlock()
			}
		}
	}()
	DeferCleanup(func() { cancel(); stream.Stop() })
	return func() []v1.Phase {
		mu.Lock()
		defer mu.Unlock()
		return slices.Compact(slices.Clone(seen))
	}
}

func namespaceUID() types.UID {
	namespace := &corev1.Namespace{}
	if env.API.Get(ctx(), client.ObjectKey{Name: Namespace}, namespace) != nil || namespace.DeletionTimestamp != nil {
		return ""
	}
	return namespace.UID
}

// ready asks the operator's readiness.
func ready(address string) func() int {
	return func() int {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		return response.StatusCode
	}
}

var _ = Describe("An install namespace", Ordered, func() {
	var operator *Operator
	const both = "installNamespaces={" + Namespace + "," + secondNamespace + "}"
	start := func(adjust ...func(*manager.Options)) {
		GinkgoHelper()
		operator = LaunchOperator(env.OperatorConfig(), append([]func(*manager.Options){func(o *manager.Options) {
			o.InstallNamespaces, o.HelmRelease = []string{Namespace, secondNamespace}, "gloo-operator"
		}}, adjust...)...)
	}
	// comesBack waits for a complete mesh in another namespace than that.
	comesBack := func(before types.UID) {
		GinkgoHelper()
		Eventually(namespaceUID).ShouldNot(Or(BeEmpty(), Equal(before)))
		Eventually(func() int32 { return env.ReadyPods("ztunnel") }).Should(BeEquivalentTo(1)) // The phase may be that of before for a moment.
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(func() string { return env.Helm("list", "--namespace", Namespace, "--short") }).
			Should(And(ContainSubstring("istiod"), ContainSubstring("ztunnel"), ContainSubstring("istio-cni")), "Helm's records")
	}

	BeforeAll(func(ctx SpecContext) {
		env = NewBare(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		helmInstall("install", chartDir(), "--create-namespace", "--set", both)
		start()
		env.Install(Sample("minimal.yaml", Version("1.29.1")))
		env.Settled()
	})
	AfterAll(func() { operator.Stop() })

	// Hardened: kubectl delete namespace istio-system under a running mesh | FAILED until somebody upgraded the chart
	It("comes back with its mesh when it is deleted, DEGRADED meanwhile", func() {
		before, seen := namespaceUID(), phases()
		env.Kubectl("delete", "namespace", Namespace)
		comesBack(before)
		Expect(seen()).To(And(ContainElement(v1.PhaseDegraded), HaveEach(BeElementOf(v1.PhaseSucceeded, v1.PhaseDegraded))))
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	// Hardened: the install namespace deleted while no operator runs | the new operator never got ready
	It("comes back when it was deleted while no operator ran", func() {
		before := namespaceUID()
		operator.Stop()
		env.Kubectl("delete", "namespace", Namespace)
		start()
		comesBack(before)
	})

	// Hardened: the operator's RoleBinding of an install namespace deleted | FAILED until somebody upgraded the chart
	It("has the operator's rights again when somebody deletes the binding, and the mesh is put right", func() {
		env.Settled()
		env.Kubectl("delete", "rolebinding", "-n", Namespace, v1.NamespaceRole)
		env.Kubectl("delete", "daemonset", "-n", Namespace, "ztunnel")
		Eventually(func() error {
			return env.API.Get(ctx(), client.ObjectKey{Namespace: Namespace, Name: v1.NamespaceRole}, &rbacv1.RoleBinding{})
		}).Should(Succeed())
		Eventually(func() int32 { return env.ReadyPods("ztunnel") }).Should(BeEquivalentTo(1))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	// Hardened: one of two installNamespaces missing when the operator starts | it never got ready, for any of them
	It("keeps no operator from getting ready, and no mesh in another one waiting, while it is missing", func() {
		operator.Stop()
		env.Kubectl("delete", "namespace", secondNamespace)
		env.Kubectl("delete", "daemonset", "-n", Namespace, "ztunnel")
		address := FreeAddress()
		start(func(o *manager.Options) { o.ProbeAddress = address })
		Eventually(ready(address)).Should(Equal(http.StatusOK))
		Eventually(func() int32 { return env.ReadyPods("ztunnel") }).Should(BeEquivalentTo(1))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("is Helm's again with the next upgrade of the chart, which deletes nothing", func() {
		made := &rbacv1.RoleBinding{}
		Expect(env.API.Get(ctx(), client.ObjectKey{Namespace: Namespace, Name: v1.NamespaceRole}, made)).To(Succeed())
		Expect(made.Annotations).To(HaveKeyWithValue(v1.HelmReleaseAnnotation, "gloo-operator"))
		before, mark := namespaceUID(), env.Settled()
		helmInstall("upgrade", chartDir(), "--set", both)
		Expect(namespaceUID()).To(Equal(before))
		Expect(env.API.Get(ctx(), client.ObjectKey{Name: secondNamespace}, &corev1.Namespace{})).To(Succeed())
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	// Hardened: kubectl delete smc of a mesh whose namespace has left installNamespaces | half of the mesh was removed
	It("is told when it has left installNamespaces and the mesh is to be removed, before anything is", func() {
		operator.Stop()
		owned := env.VersionsOfOwned()
		start(func(o *manager.Options) { o.InstallNamespaces = []string{secondNamespace} })
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring("is not in installNamespaces"))
		env.Settled()
		Expect(env.VersionsOfOwned()).To(Equal(owned))
		operator.Stop()
		start()
		env.Kubectl("wait", "--for=delete", "smc/"+Name, "--timeout=90s")
		Expect(env.ReadyPods("ztunnel")).To(BeZero())
	})

	It("may be outside of the list where nothing was ever installed", func() {
		operator.Stop()
		start(func(o *manager.Options) { o.InstallNamespaces = []string{secondNamespace} })
		env.Create(Sample("minimal.yaml", Version("1.29.1")))
		env.EventuallyPhase(v1.PhaseFailed)
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
	})
})

var _ = Describe("An install namespace that the operator may not restore, before Kubernetes 1.30", Ordered, func() {
	const old = "v1.29.9"

	BeforeAll(func(ctx SpecContext) {
		env = NewBare(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		env.Authorize(ctx, old)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.29.1")))
		env.Settled()
	})

	It("is FAILED when it is deleted, with what to do, and comes back when that is done", func() {
		env.Kubectl("delete", "namespace", Namespace)
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Mesh().Status.Message).To(Equal("namespace istio-system is missing and the operator may not create it: " +
			"run helm upgrade for the operator's Helm chart"))
		env.Authorize(ctx(), old)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})
