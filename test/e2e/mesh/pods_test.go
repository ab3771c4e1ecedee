// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/images"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// known is what the stand-in for ztunnel tells: see test/ztunnelstandin.
type known struct {
	Connected []string
	Workloads map[string]struct {
		Identity    string
		Certificate *time.Time
	}
	Resources map[string]int
}

// knownTo asks a stand-in.
func knownTo(g Gomega, pod corev1.Pod) known {
	out, err := env.TryKubectl("get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:15021/proxy/standin", pod.Namespace, pod.Name))
	g.Expect(err).NotTo(HaveOccurred(), out)
	var k known
	g.Expect(json.Unmarshal([]byte(out), &k)).To(Succeed())
	return k
}

// onNode is the one of the pods that runs there.
func onNode(pods []corev1.Pod, node string) corev1.Pod {
	GinkgoHelper()
	i := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Spec.NodeName == node })
	Expect(i).To(BeNumerically(">=", 0), node)
	return pods[i]
}

// ask runs one more stand-in, which is no node's and asks that istiod alone.
func ask(istiod corev1.Pod) corev1.Pod {
	GinkgoHelper()
	template := env.Ztunnel().Spec.Template
	asking := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "asks-" + istiod.Name},
		Spec:       *template.Spec.DeepCopy(),
	}
	container := &asking.Spec.Containers[0]
	container.ReadinessProbe = nil
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "XDS_ADDRESS", Value: istiod.Status.PodIP + ":15012"},
		corev1.EnvVar{Name: "ALT_XDS_HOSTNAME", Value: "istiod.istio-system.svc"},
		corev1.EnvVar{Name: "INPOD_UDS", Value: "/tmp/nobody.sock"})
	Expect(env.API.Create(GinkgoT().Context(), &asking)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) error { return env.API.Delete(ctx, &asking, client.GracePeriodSeconds(0)) })
	return asking
}

// runPod runs the workload on a node, and waits until it does.
func runPod(namespace, name, node string) *corev1.Pod {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Name: "workload", Image: images.Workload, ImagePullPolicy: corev1.PullNever, Args: []string{"serve"},
		}}},
	}
	Eventually(func() error { return env.API.Create(GinkgoT().Context(), pod) }).Should(Succeed()) // Once there is a ServiceAccount.
	Eventually(func() corev1.PodPhase {
		Expect(env.API.Get(GinkgoT().Context(), client.ObjectKeyFromObject(pod), pod)).To(Succeed())
		return pod.Status.Phase
	}).Should(Equal(corev1.PodRunning))
	return pod
}
