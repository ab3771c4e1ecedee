// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
)

// selector is what the chart istio-cni sets by default.
const selector = `
- podSelector: {matchLabels: {istio.io/dataplane-mode: ambient}}
- podSelector: {matchExpressions: [{key: istio.io/dataplane-mode, operator: NotIn, values: [none]}]}
  namespaceSelector: {matchLabels: {istio.io/dataplane-mode: ambient}}
`

// podAddress is what the CNI plugins say that a pod gets.
const podAddress = "10.0.0.77"

// primary is a CNI configuration that the agent finds on the node.
const primary = `{"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}`

// agent is the CNI agent, out of its image, on a node that is a network namespace: it
// writes iptables rules.
type agent struct {
	root    string
	session *gexec.Session
}

// startAgent starts it. The pods' networks are what it gets as its file descriptors from 3 on.
func startAgent(m *mesh, version string, node *network, pods ...*network) *agent {
	GinkgoHelper()
	a := &agent{root: unpacked("docker.io/istio/install-cni:" + version + "-distroless")}
	kubeconfig, err := os.ReadFile(m.Kubeconfig())
	Expect(err).NotTo(HaveOccurred())
	write(a.root, "kubeconfig", string(kubeconfig))
	const account = "var/run/secrets/kubernetes.io/serviceaccount/"
	write(a.root, account+"token", "unused")
	write(a.root, account+"ca.crt", m.rootCertificate)
	write(a.root, "host/etc/cni/net.d/05-cilium.conflist", primary)
	for _, directory := range []string{"host/opt/cni/bin", "proc", "var/run/istio-cni", "var/run/ztunnel"} {
		Expect(os.MkdirAll(filepath.Join(a.root, directory), 0o755)).To(Succeed())
	}
	Expect(os.Symlink("/proc", filepath.Join(a.root, "host/proc"))).To(Succeed())
	server, err := url.Parse(m.Config("").Host)
	Expect(err).NotTo(HaveOccurred())
	node.forward(server.Host)
	a.launch(m, server, node, pods)
	return a
}

// launch runs the agent as the first process of a PID namespace: it looks for pods among
// the processes that it sees.
func (a *agent) launch(m *mesh, server *url.URL, node *network, pods []*network) {
	GinkgoHelper()
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc="+filepath.Join(a.root, "proc"),
		"chroot", a.root, "install-cni", "--log_output_level=default:info")
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin",
		"KUBECONFIG=/kubeconfig", "NODE_NAME=" + m.node, "POD_NAME=istio-cni-node-abcde", "POD_NAMESPACE=" + meshNamespace,
		"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(),
		"AMBIENT_ENABLED=true", "AMBIENT_ENABLEMENT_SELECTOR=" + selector, "AMBIENT_IPV6=true", "AMBIENT_DNS_CAPTURE=true",
		"CHAINED_CNI_PLUGIN=true", "REPAIR_ENABLED=false",
	}
	for _, pod := range pods {
		cmd.ExtraFiles = append(cmd.ExtraFiles, pod.handle)
	}
	node.do(func() {
		defer GinkgoRecover()
		a.session = start(cmd)
	})
	Eventually(a.socket).WithTimeout(patience).Should(BeAnExistingFile())
}

func (a *agent) path(name string) string { return filepath.Join(a.root, name) }

// socket is where it speaks to ztunnel.
func (a *agent) socket() string { return a.path("var/run/ztunnel/ztunnel.sock") }

// announce tells the agent of a new pod as the CNI plugin does, and returns its answer: it
// answers when ztunnel has acknowledged the pod. The network is given by its place among the
// agent's.
func (a *agent) announce(ctx context.Context, g Gomega, pod *corev1.Pod, network int, addresses ...string) (int, string) {
	var ips []any
	for _, address := range addresses {
		ips = append(ips, map[string]any{"Address": net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(32, 32)}})
	}
	event, err := json.Marshal(map[string]any{
		"Netns": fmt.Sprintf("/proc/1/fd/%d", 3+network), "PodName": pod.Name, "PodNamespace": pod.Namespace, "IPs": ips,
	})
	g.Expect(err).NotTo(HaveOccurred())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", a.path("var/run/istio-cni/pluginevent.sock"))
	}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent/cmdadd", bytes.NewReader(event))
	g.Expect(err).NotTo(HaveOccurred())
	response, err := client.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(body)
}

// rules are the iptables rules in a network, listed by a program of the agent's image.
func (a *agent) rules(in *network) string {
	GinkgoHelper()
	var out []byte
	var err error
	in.do(func() { out, err = exec.Command("chroot", a.root, "/usr/sbin/iptables-save").CombinedOutput() })
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

// plugins are those of the node's CNI configuration, in order.
func (a *agent) plugins(g Gomega) []string {
	var list struct {
		Plugins []struct{ Type string }
	}
	content, err := os.ReadFile(a.path("host/etc/cni/net.d/05-cilium.conflist"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(json.Unmarshal(content, &list)).To(Succeed())
	var types []string
	for _, plugin := range list.Plugins {
		types = append(types, plugin.Type)
	}
	return types
}
