// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is how long anything may take on a busy machine.
const patience = time.Minute

// known is what GET /standin answers.
type known struct {
	Ready        bool
	Missing      []string
	Connected    []string
	Certificates map[string]time.Time
	Workloads    map[string]struct {
		Name, Namespace, ServiceAccount, Identity string
		Certificate                               *time.Time
		NetworkNamespace                          uint64
	}
	Resources map[string]int
}

// standin is the program, out of its image.
type standin struct {
	address string
	session *gexec.Session
}

// startStandin starts it with what the chart gives it.
func startStandin(ctx context.Context, m *mesh, version, socket string) *standin {
	GinkgoHelper()
	root := unpacked("docker.io/istio/ztunnel:" + version)
	write(root, "var/run/secrets/istio/root-cert.pem", m.rootCertificate)
	write(root, "var/run/secrets/tokens/istio-token", m.token(ctx, m.ztunnel))
	s := &standin{address: freePort()}
	cmd := exec.Command(filepath.Join(root, "ztunnel-stand-in"), "proxy", "ztunnel")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{
		"CA_ADDRESS=" + m.istiod, "XDS_ADDRESS=" + m.istiod, "ALT_CA_HOSTNAME=istiod.istio-system.svc", "ALT_XDS_HOSTNAME=istiod.istio-system.svc",
		"POD_NAME=" + m.ztunnel.Name, "POD_NAMESPACE=" + meshNamespace, "NODE_NAME=" + m.node, "INSTANCE_IP=" + m.ztunnel.Status.PodIP,
		"SERVICE_ACCOUNT=ztunnel", "INPOD_UDS=" + socket, "STANDIN_LISTEN=" + s.address,
		"CA_ROOT_CA=" + filepath.Join(root, "var/run/secrets/istio/root-cert.pem"),
		"STANDIN_TOKEN=" + filepath.Join(root, "var/run/secrets/tokens/istio-token"),
	}
	s.session = start(cmd)
	return s
}

func (s *standin) known(g Gomega) known {
	response, err := http.Get("http://" + s.address + "/standin")
	g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	var k known
	g.Expect(json.NewDecoder(response.Body).Decode(&k)).To(Succeed())
	return k
}

func (s *standin) readiness() (int, error) { return status("http://" + s.address + "/healthz/ready") }

const (
	own  = "spiffe://cluster.local/ns/istio-system/sa/ztunnel"
	cart = "spiffe://cluster.local/ns/shop/sa/cart"
)

var _ = Describe("The stand-in for ztunnel", func() {
	for _, version := range versions {
		Describe("with istiod and the CNI agent "+version, Ordered, func() { meets(version) })
	}
})

// meets are the specs of one release.
func meets(version string) {
	var (
		m         *mesh
		pod       *network
		a         *agent
		s, lonely *standin
		shopper   *corev1.Pod
	)
	eventually := func(check func(g Gomega)) {
		GinkgoHelper()
		Eventually(check).WithTimeout(patience).Should(Succeed())
	}

	BeforeAll(func(ctx SpecContext) {
		m = newMesh(ctx, version)
		lonely = startStandin(ctx, m, version, filepath.Join(GinkgoT().TempDir(), "none.sock"))
		pod = newNetwork()
		a = startAgent(m, version, newNetwork(), pod)
		s = startStandin(ctx, m, version, a.socket())
	})

	It("says first what it is", func() {
		Eventually(s.session.Err).WithTimeout(patience).Should(gbytes.Say("stand-in for ztunnel.*carries no traffic"))
	})

	It("is not ready as long as the node agent is missing, and says so", func() {
		eventually(func(g Gomega) {
			g.Expect(lonely.known(g).Missing).To(ConsistOf("the pods of the node, of the node agent"))
		})
		Expect(lonely.readiness()).To(Equal(http.StatusServiceUnavailable))
	})

	It("turns ready with istiod and the agent, with its own certificate", func() {
		Eventually(s.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
		k := s.known(Default)
		Expect(k.Connected).To(ConsistOf("xds", "zds"))
		Expect(k.Certificates).To(HaveKeyWithValue(own, BeTemporally(">", time.Now())))
	})

	It("is told of a pod by the agent, acknowledges it, and gets its certificate", func(ctx SpecContext) {
		shopper = m.pod(ctx, shop, "cart-abcde", "cart")
		code, answer := a.announce(ctx, shopper)
		Expect(code).To(Equal(http.StatusOK), answer)
		eventually(func(g Gomega) {
			w := s.known(g).Workloads[string(shopper.UID)]
			g.Expect(w.Identity).To(Equal(cart))
			g.Expect(w.NetworkNamespace).To(Equal(pod.inode()))
			g.Expect(w.Certificate).To(HaveValue(BeTemporally(">", time.Now())))
		})
	})

	It("has the agent redirect the pod's traffic, by the programs in the agent's image", func() {
		Expect(a.rules(pod)).To(ContainSubstring("-A ISTIO_OUTPUT "))
	})

	It("has the agent chain its plugin behind the primary one", func() {
		eventually(func(g Gomega) {
			g.Expect(a.plugins(g)).To(Equal([]string{"cilium-cni", "istio-cni"}))
			g.Expect(a.path("host/opt/cni/bin/istio-cni")).To(BeARegularFile())
		})
	})

	It("knows the addresses of the mesh", func() {
		eventually(func(g Gomega) {
			// The pods ztunnel and cart, and the Service kubernetes.
			g.Expect(s.known(g).Resources).To(HaveKeyWithValue("Address", BeNumerically(">=", 3)))
		})
	})

	It("is told of all pods when it starts", func(ctx SpecContext) {
		second := startStandin(ctx, m, version, a.socket())
		Eventually(second.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
		Expect(second.known(Default).Workloads).To(HaveKey(string(shopper.UID)))
	})

	It("forgets a pod that is gone", func(ctx SpecContext) {
		Expect(m.kube.CoreV1().Pods(shop).Delete(ctx, shopper.Name, metav1.DeleteOptions{})).To(Succeed())
		eventually(func(g Gomega) {
			k := s.known(g)
			g.Expect(k.Workloads).To(BeEmpty())
			g.Expect(k.Certificates).NotTo(HaveKey(cart))
		})
	})

	It("notices that istiod has gone, and stays ready, as ztunnel does", func() {
		m.stopIstiod()
		eventually(func(g Gomega) { g.Expect(s.known(g).Connected).To(ConsistOf("zds")) })
		Expect(s.readiness()).To(Equal(http.StatusOK))
	})
}
