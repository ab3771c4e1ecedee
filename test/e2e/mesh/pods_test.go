// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// known is what a stand-in for ztunnel tells: see test/e2e/ztunnelstandin.
type known struct {
	Connected []string
	Resources map[string]int
}

// knownTo asks a stand-in.
func knownTo(g Gomega, pod *corev1.Pod) known {
	out, err := env.TryKubectl("get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:15021/proxy/standin", pod.Namespace, pod.Name))
	g.Expect(err).NotTo(HaveOccurred(), out)
	var k known
	g.Expect(json.Unmarshal([]byte(out), &k)).To(Succeed())
	return k
}

// ztunnel is what one tells, be it the real one or its stand-in.
type ztunnel struct {
	Certificates []struct {
		Identity, State string
		CertChain       []any
	}
	WorkloadState map[string]struct {
		Info struct{ Name string }
	}
}

// ztunnelOn asks the one on a node.
func ztunnelOn(g Gomega, node string) ztunnel {
	out, err := env.TryIstioctl("ztunnel-config", "all", "--node="+node, "--output=json")
	g.Expect(err).NotTo(HaveOccurred(), out)
	var z ztunnel
	g.Expect(json.Unmarshal([]byte(out), &z)).To(Succeed(), out)
	return z
}

// asker is one more stand-in, which is no node's and only asks istiod. It runs when it is
// created.
func asker(name string, edits ...func(*corev1.Pod)) *corev1.Pod {
	GinkgoHelper()
	asking := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: name},
		Spec:       *env.Ztunnel().Spec.Template.Spec.DeepCopy(),
	}
	container := &asking.Spec.Containers[0]
	container.Image, container.ImagePullPolicy, container.ReadinessProbe = imagebuild.StandIn, corev1.PullNever, nil
	container.Env = append(container.Env, corev1.EnvVar{Name: "INPOD_UDS", Value: "/tmp/nobody.sock"})
	for _, edit := range edits {
		edit(asking)
	}
	Expect(env.API.Create(GinkgoT().Context(), asking)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) error {
		return client.IgnoreNotFound(env.API.Delete(ctx, asking, client.GracePeriodSeconds(0)))
	})
	return asking
}

// only has an asker ask that istiod, and no other.
func only(istiod corev1.Pod) func(*corev1.Pod) {
	return func(asking *corev1.Pod) {
		container := &asking.Spec.Containers[0]
		container.Env = append(container.Env,
			corev1.EnvVar{Name: "XDS_ADDRESS", Value: istiod.Status.PodIP + ":15012"},
			corev1.EnvVar{Name: "ALT_XDS_HOSTNAME", Value: "istiod.istio-system.svc"})
	}
}

// newNamespace makes one.
func newNamespace(name string, labels map[string]string) {
	GinkgoHelper()
	Expect(env.API.Create(GinkgoT().Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})).To(Succeed())
}

// workload is a pod that serves, on a node.
func workload(namespace, name, node string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Name: "workload", Image: imagebuild.Workload, ImagePullPolicy: corev1.PullNever, Args: []string{"serve"},
		}}},
	}
}

// runPod creates a pod, and waits until it runs.
func runPod(pod *corev1.Pod) *corev1.Pod {
	GinkgoHelper()
	Eventually(func() error { return env.API.Create(GinkgoT().Context(), pod) }).Should(Succeed()) // Once there is a ServiceAccount.
	Eventually(func() corev1.PodPhase {
		Expect(env.API.Get(GinkgoT().Context(), client.ObjectKeyFromObject(pod), pod)).To(Succeed())
		return pod.Status.Phase
	}).Should(Equal(corev1.PodRunning))
	return pod
}
