// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"net/http"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

const (
	own  = "spiffe://cluster.local/ns/istio-system/sa/ztunnel"
	cart = "spiffe://cluster.local/ns/shop/sa/cart"
)

var _ = Describe("The stand-in for ztunnel", func() {
	for _, version := range versions {
		Describe("with istiod and the CNI agent "+version, Ordered, func() {
			r := &release{version: version}
			BeforeAll(r.start)
			r.turnsReady()
			r.followsPods()
			Context("between two pods", func() {
				r.carriesTraffic()
				r.handsOver()
			})
			Context("that has started again", r.outlivesIstiod)
		})
	}
})

// release is one, running.
type release struct {
	version string
	m       *mesh
	pod     *network
	// client and server are the networks of pods that talk to each other.
	client, server *network
	a              *agent
	s              *standin
	// lonely is a stand-in that no agent speaks to.
	lonely  *standin
	shopper *corev1.Pod
}

func (r *release) start(ctx SpecContext) {
	r.m = newMesh(ctx, r.version)
	r.lonely = startStandin(ctx, r.m, r.version, filepath.Join(GinkgoT().TempDir(), "none.sock"))
	r.pod = newNetwork()
	r.client, r.server = newNetwork(), newNetwork()
	r.client.link(r.server)
	r.a = startAgent(r.m, r.version, newNetwork(), r.pod, r.client, r.server)
	r.s = startStandin(ctx, r.m, r.version, r.a.socket())
}

func eventually(check func(g Gomega)) {
	GinkgoHelper()
	Eventually(check).WithTimeout(patience).Should(Succeed())
}

func (r *release) turnsReady() {
	It("says first what it is", func() {
		Eventually(r.s.session.Err).WithTimeout(patience).Should(gbytes.Say("stand-in for ztunnel.*carries traffic as far as tests need it"))
	})

	It("is not ready as long as the node agent is missing, and says so", func() {
		eventually(func(g Gomega) {
			g.Expect(r.lonely.known(g).Missing).To(ConsistOf("the pods of the node, of the node agent"))
		})
		Expect(r.lonely.readiness()).To(Equal(http.StatusServiceUnavailable))
	})

	It("turns ready with istiod and the agent, with its own certificate", func() {
		Eventually(r.s.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
		k := r.s.known(Default)
		Expect(k.Connected).To(ConsistOf("xds", "zds"))
		Expect(k.Certificates).To(HaveKeyWithValue(own, BeTemporally(">", time.Now())))
	})
}

func (r *release) followsPods() {
	It("is told of a pod by the agent, acknowledges it, and gets its certificate", func(ctx SpecContext) {
		// A pod gets its address after the CNI plugins were asked, which a kubelet does
		// again when they fail.
		kubelet := r.m.Process(cluster.Kwok)
		Expect(kubelet.Stop()).To(Succeed())
		r.shopper = r.m.pod(ctx, shop, "cart-abcde", "cart")
		eventually(func(g Gomega) {
			code, answer := r.a.announce(ctx, g, r.shopper, 0, podAddress)
			g.Expect(code).To(Equal(http.StatusOK), answer)
		})
		Expect(kubelet.Start(ctx)).To(Succeed())
		r.shopper = r.m.runs(ctx, r.shopper)
		eventually(func(g Gomega) {
			w := r.s.known(g).Workloads[string(r.shopper.UID)]
			g.Expect(w.Identity).To(Equal(cart))
			g.Expect(w.NetworkNamespace).To(Equal(r.pod.inode()))
			g.Expect(w.Certificate).To(HaveValue(BeTemporally(">", time.Now())))
		})
	})

	It("has the agent redirect the pod's traffic, by the programs in the agent's image", func() {
		Expect(r.a.rules(r.pod)).To(ContainSubstring("-A ISTIO_OUTPUT "))
	})

	It("has the agent chain its plugin behind the primary one", func() {
		eventually(func(g Gomega) {
			g.Expect(r.a.plugins(g)).To(Equal([]string{"cilium-cni", "istio-cni"}))
			g.Expect(r.a.path("host/opt/cni/bin/istio-cni")).To(BeARegularFile())
		})
	})

	It("knows the addresses of the mesh", func() {
		eventually(func(g Gomega) {
			// The pods ztunnel and cart, and the Service kubernetes.
			g.Expect(r.s.known(g).Resources).To(HaveKeyWithValue("Address", BeNumerically(">=", 3)))
		})
	})

	It("is told of all pods when it starts", func(ctx SpecContext) {
		second := startStandin(ctx, r.m, r.version, r.a.socket())
		Eventually(second.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
		Expect(second.known(Default).Workloads).To(HaveKey(string(r.shopper.UID)))
		second.session.Terminate() // The agent announces new pods to the newest one.
		Eventually(second.session).WithTimeout(patience).Should(gexec.Exit(0))
	})

	It("forgets a pod that is gone", func(ctx SpecContext) {
		Expect(r.m.kube.CoreV1().Pods(shop).Delete(ctx, r.shopper.Name, metav1.DeleteOptions{})).To(Succeed())
		eventually(func(g Gomega) {
			k := r.s.known(g)
			g.Expect(k.Workloads).To(BeEmpty())
			g.Expect(k.Certificates).NotTo(HaveKey(cart))
		})
	})
}

func (r *release) outlivesIstiod() {
	BeforeAll(func(ctx SpecContext) {
		r.s = startStandin(ctx, r.m, r.version, r.a.socket())
		Eventually(r.s.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
	})

	It("notices that istiod has gone, and stays ready, as ztunnel does", func() {
		r.m.stopIstiod()
		eventually(func(g Gomega) { g.Expect(r.s.known(g).Connected).To(ConsistOf("zds")) })
		Expect(r.s.readiness()).To(Equal(http.StatusOK))
	})

	It("subscribes again when istiod is back", func(ctx SpecContext) {
		r.m.startIstiod(ctx, r.version)
		eventually(func(g Gomega) { g.Expect(r.s.known(g).Connected).To(ConsistOf("xds", "zds")) })
	})
}
