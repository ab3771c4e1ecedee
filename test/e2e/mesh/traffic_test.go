// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// backend is the Service of the server in the mesh.
const backend = "http://backend.ambient.svc.cluster.local"

// traffic are clients of one server in the mesh, which is on the second node. They are on
// the first one, and each is of a ServiceAccount of its own name.
type traffic struct {
	// client makes a connection for each request, and reuser keeps one.
	client, reuser *corev1.Pod
	// stranger is in the mesh as well, and outsider is not.
	stranger, outsider *corev1.Pod
}

// startTraffic runs them.
func startTraffic() *traffic {
	GinkgoHelper()
	server := runPod(as("backend", workload(ambient, "backend", nodes[1])))
	expose(server)
	return &traffic{
		client:   runPod(asks(as("client", workload(ambient, "client", nodes[0])), backend)),
		reuser:   runPod(asks(as("client", workload(ambient, "reuser", nodes[0])), "-reuse", backend)),
		stranger: runPod(asks(as("stranger", workload(ambient, "stranger", nodes[0])), "-every=500ms", backend)),
		outsider: runPod(asks(as("outsider", workload(outside, "outsider", nodes[0])), "-every=500ms", backend)),
	}
}

// as gives a pod a ServiceAccount, which it creates if there is none.
func as(account string, pod *corev1.Pod) *corev1.Pod {
	GinkgoHelper()
	object := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: account}}
	if out, err := env.TryKubectl("get", "serviceaccount", "--namespace", pod.Namespace, account); err != nil {
		Expect(env.API.Create(GinkgoT().Context(), object)).To(Succeed(), out)
	}
	pod.Spec.ServiceAccountName = account
	return pod
}

// asks has a pod ask. A lost question to DNS costs five seconds.
func asks(pod *corev1.Pod, arguments ...string) *corev1.Pod {
	pod.Spec.Containers[0].Args = append([]string{"ask", "-timeout=6s"}, arguments...)
	return pod
}

// expose makes a Service of a server's name, port 80.
func expose(server *corev1.Pod) {
	GinkgoHelper()
	Expect(env.API.Create(GinkgoT().Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: server.Namespace, Name: server.Name},
		Spec:       corev1.ServiceSpec{Selector: server.Labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	})).To(Succeed())
}

// carriesTraffic are specs of what pods in the mesh say to each other.
func carriesTraffic() {
	BeforeAll(func() {
		within = startTraffic()
		for _, client := range []*corev1.Pod{within.client, within.reuser, within.stranger, within.outsider} {
			since(client)
		}
	})

	It("carries it over mTLS from node to node, and both ends have proven who they are", expectEncrypted)

	It("refuses clients outside of the mesh as long as mTLS is strict", func() {
		client := since(within.client)
		Expect(accessLog(nodes[1])).NotTo(ContainElement(ContainSubstring("static_strict"))) // So that it can be told to be missing.
		strict := ambientObject("security.istio.io/v1", "PeerAuthentication", map[string]any{"mtls": map[string]any{"mode": "STRICT"}})
		create(strict)
		expectRefused(within.outsider)
		Eventually(accessLog).WithArguments(nodes[1]).Should(ContainElement(And(
			ContainSubstring("istio-system/istio_converted_static_strict"), ContainSubstring(`direction="inbound"`))))
		remove(strict)
		since(within.outsider)
		client.expectAnswered("strict mTLS")
	})

	It("denies it to an identity as long as a policy says so", func() {
		client := since(within.client)
		deny := ambientObject("security.istio.io/v1", "AuthorizationPolicy", map[string]any{
			"action": "DENY", "selector": map[string]any{"matchLabels": map[string]any{"app": "backend"}},
			"rules": []any{map[string]any{"from": []any{map[string]any{
				"source": map[string]any{"principals": []any{strings.TrimPrefix(identityOf("stranger"), "spiffe://")}},
			}}}},
		})
		create(deny)
		expectRefused(within.stranger)
		Eventually(accessLog).WithArguments(nodes[1]).Should(ContainElement(And(
			ContainSubstring(`src.identity="`+identityOf("stranger")+`"`), ContainSubstring("explicitly denied by: ambient/test"))))
		remove(deny)
		since(within.stranger)
		client.expectAnswered("a policy against another client")
	})
}

// expectEncrypted expects that ztunnel on both nodes has logged both identities.
func expectEncrypted() {
	GinkgoHelper()
	for node, direction := range map[string]string{nodes[0]: "outbound", nodes[1]: "inbound"} {
		Eventually(accessLog).WithArguments(node).Should(ContainElement(
			connection("src.identity", identityOf("client"), "dst.identity", identityOf("backend"), "direction", direction)), node)
	}
}

// identityOf is that of a ServiceAccount of the namespace in the mesh.
func identityOf(account string) string {
	return "spiffe://cluster.local/ns/" + ambient + "/sa/" + account
}

func ambientObject(apiVersion, kind string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"namespace": ambient, "name": "test"}, "spec": spec,
	}}
}

func create(object *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(env.API.Create(GinkgoT().Context(), object)).To(Succeed())
}

func remove(object *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(env.API.Delete(GinkgoT().Context(), object)).To(Succeed())
}

// accessLog are the lines that ztunnel has written on a node about connections: see
// https://istio.io/latest/docs/ambient/usage/verify-mtls-enabled/.
func accessLog(node string) ([]string, error) {
	var lines []string
	for _, pod := range pods("app=ztunnel") {
		if pod.Spec.NodeName != node {
			continue
		}
		out, err := env.TryKubectl("logs", "--namespace", pod.Namespace, pod.Name, "--tail=500")
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		for line := range strings.Lines(out) {
			if strings.Contains(line, "\taccess\t") {
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

// connection is a line about an HBONE connection without an error, with those fields.
func connection(fields ...string) types.GomegaMatcher {
	matchers := []types.GomegaMatcher{ContainSubstring("dst.hbone_addr="), Not(ContainSubstring("error="))}
	for i := 0; i < len(fields); i += 2 {
		matchers = append(matchers, ContainSubstring(fmt.Sprintf("%s=%q", fields[i], fields[i+1])))
	}
	return And(matchers...)
}

// expectRefused waits until all that a client asks fails.
func expectRefused(client *corev1.Pod) {
	GinkgoHelper()
	last := counted(Default, client)
	Eventually(func(g Gomega) {
		now, before := counted(g, client), last
		last = now
		g.Expect(now.Asked).To(BeNumerically(">", before.Asked))
		g.Expect(now.Failed-before.Failed).To(Equal(now.Asked-before.Asked), "%+v", now)
	}).Should(Succeed(), client.Name)
}
