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
			{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}: "GatewayClassList",
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
	ask := func(question Question) []string {
		_, _ = g.Gather(question) // What has not been seen yet is not what this is about.
		return slices.Collect(maps.Keys(g.watches))
	}

	// Hardened: watches of pull secrets or an install namespace that are no longer asked about | they were watched until a restart
	It("end with what nobody asks about any more", func() {
		Expect(ask(Question{Namespace: "first", PullSecrets: []string{"pull"}, GatewayClasses: true})).To(ContainElements(
			sourceSecrets+" first", sourceQuotas+" first", sourceClasses+" ", sourceNodes+" "))
		secrets, nodes := g.watches[sourceSecrets+" first"], g.watches[sourceNodes+" "]
		Expect(ask(Question{Namespace: "first"})).NotTo(ContainElement(Or(HavePrefix(sourceSecrets), HavePrefix(sourceClasses))))
		Eventually(secrets.informer.IsStopped).Should(BeTrue())
		Expect(ask(Question{Namespace: "second"})).To(And(ContainElement(sourceQuotas+" second"), Not(ContainElement(HaveSuffix("first")))))
		Expect(g.watches[sourceNodes+" "]).To(BeIdenticalTo(nodes), "what is still asked about goes on")
		Expect(nodes.informer.IsStopped()).To(BeFalse())
	})

	It("all end when there is no mesh any more", func() {
		ask(Question{Namespace: "first"})
		nodes := g.watches[sourceNodes+" "]
		g.Forget()
		Expect(g.watches).To(BeEmpty())
		Eventually(nodes.informer.IsStopped).Should(BeTrue())
	})
})
