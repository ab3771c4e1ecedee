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
	"github.com/onsi/gomega/gexec"
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
	root := unpacked("docker.io/istio/ztunnel:" + version + "-distroless")
	write(root, "var/run/secrets/istio/root-cert.pem", m.rootCertificate)
	write(root, "var/run/secrets/tokens/istio-token", m.token(ctx, m.ztunnel))
	s := &standin{address: freePort()}
	cmd := exec.Command(filepath.Join(root, "ztunnel-stand-in"), "proxy", "ztunnel")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{
		"CA_ADDRESS=" + m.istiod, "XDS_ADDRESS=" + m.istiod, "ALT_CA_HOSTNAME=istiod.istio-system.svc", "ALT_XDS_HOSTNAME=istiod.istio-system.svc",
		"POD_NAME=" + m.ztunnel.Name, "POD_NAMESPACE=" + meshNamespace, "NODE_NAME=" + m.node, "INSTANCE_IP=" + m.ztunnel.Status.PodIP,
		"SERVICE_ACCOUNT=ztunnel", "INPOD_UDS=" + socket, "STANDIN_LISTEN=" + s.address, "STANDIN_ADMIN=" + freePort(),
		"CA_ROOT_CA=" + filepath.Join(root, "var/run/secrets/istio/root-cert.pem"),
		"STANDIN_RESOLVER=" + filepath.Join(root, "etc/resolv.conf"),
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
