// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
)

var _ = Describe("The watches of the facts", func() {
	var g *Gatherer

	BeforeEach(func() {
		scheme := metadatafake.NewTestScheme()
		Expect(metav1.AddMetaToScheme(scheme)).To(Succeed())
		classes := map[schema.GroupVersionResource]string{
			{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}:   "GatewayClassList",
			{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"}: "CiliumClusterwideNetworkPolicyList",
		}
		kube := kubefake.NewClientset()
		g = &Gatherer{
			clients: gatherClients{
				kubernetes: kube, metadata: metadatafake.NewSimpleMetadataClient(scheme), discovery: kube.Discovery(),
				dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), classes),
			},
			changed: func() {}, watches: map[string]*watched{},
		}
		ctx, cancel := context.WithCancel(context.Background())
		DeferCleanup(cancel)
		g.ctx = ctx
	})
	// ask asks and lists what is watched then.
	ask := func(question Query) []string {
		_, _ = g.Gather(question) // What has not been seen yet is not what this is about.
		return slices.Collect(maps.Keys(g.watches))
	}

	// Hardened: watches of pull secrets or an install namespace that are no longer asked about | they were watched until a restart
	It("end with what nobody asks about any more", func() {
		Expect(ask(Query{Namespace: "first", PullSecrets: []string{"pull"}, GatewayClasses: true})).To(ContainElements(
			sourceSecrets+" first", sourceQuotas+" first", sourceClasses+" ", sourceNodes+" "))
		secrets, nodes := g.watches[sourceSecrets+" first"], g.watches[sourceNodes+" "]
		Expect(ask(Query{Namespace: "first"})).NotTo(ContainElement(Or(HavePrefix(sourceSecrets), HavePrefix(sourceClasses))))
		Eventually(secrets.informer.IsStopped).Should(BeTrue())
		Expect(ask(Query{Namespace: "second"})).To(And(ContainElement(sourceQuotas+" second"), Not(ContainElement(HaveSuffix("first")))))
		Expect(g.watches[sourceNodes+" "]).To(BeIdenticalTo(nodes), "what is still asked about goes on")
		Expect(nodes.informer.IsStopped()).To(BeFalse())
	})

	It("include Cilium's policies only where the cluster serves them", func() {
		Expect(ask(Query{Namespace: "first"})).To(And(ContainElement(sourceNetwork+" first"), Not(ContainElement(HavePrefix(sourceCiliumNet)))))
		Expect(ask(Query{Namespace: "first", CiliumPolicies: true})).To(ContainElement(sourceCiliumNet + " "))
		Expect(ask(Query{Namespace: "first"})).NotTo(ContainElement(HavePrefix(sourceCiliumNet)))
	})

	It("all end when there is no mesh any more", func() {
		_, _ = g.EnrolledNamespaces() // They are not known yet.
		ask(Query{Namespace: "first"})
		nodes := g.watches[sourceNodes+" "]
		g.Reset()
		Expect(g.watches).To(BeEmpty())
		Eventually(nodes.informer.IsStopped).Should(BeTrue())
	})

	It("show the namespaces in the mesh from the first question on, whatever else is asked about, until they are released", func() {
		_, _ = g.EnrolledNamespaces() // What has not been seen yet is not what this is about.
		namespaces := g.watches[enrolledSource().key()]
		Expect(ask(Query{Namespace: "first"})).To(ContainElement(enrolledSource().key()))
		Expect(ask(Query{Namespace: "second"})).To(ContainElement(enrolledSource().key()))
		Expect(g.watches[enrolledSource().key()]).To(BeIdenticalTo(namespaces))
		g.ReleaseEnrolledNamespaces()
		Expect(g.watches).NotTo(HaveKey(enrolledSource().key()))
		Eventually(namespaces.informer.IsStopped).Should(BeTrue())
		Expect(ask(Query{Namespace: "third"})).NotTo(ContainElement(enrolledSource().key()))
	})

	// Hardened: a resource vanishes while the next one waits for what is watched | the next one waited for ever
	It("notify callers that wait for them when they have ended", func() {
		notified := false
		g.changed = func() { notified = true }
		g.Reset()
		Expect(notified).To(BeTrue())
	})
})
