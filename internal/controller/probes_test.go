// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// probePod is a probe that runs and is not ready, with changes.
func probePod(node, address string, changes ...func(*corev1.Pod)) runtime.Object {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "probes", Name: "probe-" + node, Labels: map[string]string{"app.kubernetes.io/name": plan.ProbeName}},
		Spec:       corev1.PodSpec{NodeName: node},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: address, ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
	for _, change := range changes {
		change(pod)
	}
	return pod
}

// serveResult answers at the port of results with that text.
func serveResult(address, text string) {
	GinkgoHelper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "8082"))
	Expect(err).NotTo(HaveOccurred())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })}
	go func() { _ = server.Serve(listener) }()
	DeferCleanup(server.Close)
}

var _ = Describe("Probes that are not ready", func() {
	// asked asks them once, and returns what they have answered.
	asked := func(pods ...runtime.Object) []v1.FailingNode {
		GinkgoHelper()
		done := make(chan struct{})
		asker := &probeAsker{ctx: context.Background(), clientset: fake.NewClientset(pods...), changed: func() { close(done) }}
		question := probeQuestion{owner: "mesh", namespace: "probes", interval: time.Hour, timeout: 500 * time.Millisecond}
		now := time.Now()
		results, next := asker.ask(question, now)
		Expect(results.fresh).To(BeFalse())
		Expect(next).To(Equal(now.Add(time.Hour)))
		Eventually(done).WithTimeout(10 * time.Second).Should(BeClosed())
		results, _ = asker.ask(question, now)
		Expect(results.fresh).To(BeTrue())
		again, _ := asker.ask(question, now)
		Expect(again.fresh).To(BeFalse(), "results are returned as new once")
		return results.failing
	}

	It("say why, each node once, by name", func() {
		serveResult("127.0.91.1", `{"node":"b","state":"Failing","reason":"NoRoute","message":"no answer"}`)
		serveResult("127.0.91.2", `{"node":"a","state":"Failing","reason":"NotCaptured","message":"not redirected"}`)
		partner := func(p *corev1.Pod) { p.Name = "probe-partner" }
		Expect(asked(probePod("b", "127.0.91.1"), probePod("b", "127.0.91.1", partner), probePod("a", "127.0.91.2"))).To(Equal([]v1.FailingNode{
			{Node: "a", Reason: v1.TrafficNotCaptured, Message: "not redirected"}, {Node: "b", Reason: v1.TrafficNoRoute, Message: "no answer"},
		}))
	})

	It("are of nodes without ztunnel where connections are refused", func() {
		Expect(asked(probePod("a", "127.0.91.3"))).To(ConsistOf(And(HaveField("Reason", v1.TrafficZtunnelDown), HaveField("Message", ContainSubstring("the probe probe-a are refused")))))
	})

	DescribeTable("cannot be relied on", func(answer string, want ...v1.FailingNode) {
		serveResult("127.0.91.4", answer)
		Expect(asked(probePod("a", "127.0.91.4"))).To(Equal(want))
	},
		Entry("with another node's name: the pod's counts", `{"node":"z","state":"Failing","reason":"NoRoute"}`, v1.FailingNode{Node: "a", Reason: v1.TrafficNoRoute}),
		Entry("with a reason that is none", `{"node":"a","state":"Failing","reason":"Forged","message":"x"}`, v1.FailingNode{Node: "a", Reason: v1.TrafficUnknown, Message: "x"}),
		Entry("with no answer of a probe", `hello`, v1.FailingNode{Node: "a", Reason: v1.TrafficUnknown,
			Message: "the operator cannot ask the probe: look at kubectl logs -n probes probe-a"}),
	)

	DescribeTable("do not count", func(change func(*corev1.Pod)) {
		Expect(asked(probePod("a", "127.0.91.5", change))).To(BeEmpty())
	},
		Entry("once they are ready", func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}),
		Entry("before they run", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		Entry("while their container waits", func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State.Running = nil }),
		Entry("without an address", func(p *corev1.Pod) { p.Status.PodIP = "" }),
	)

	It("do not count before their first result", func() {
		serveResult("127.0.91.6", `{"node":"a","state":"Unknown","message":"no round yet"}`)
		Expect(asked(probePod("a", "127.0.91.6"))).To(BeEmpty())
	})

	It("are asked up to a number", func() {
		var pods []runtime.Object
		for i := range probesAsked + 5 {
			pods = append(pods, probePod(fmt.Sprintf("node-%02d", i), "127.0.91.7"))
		}
		answered := asked(pods...)
		Expect(answered).To(HaveLen(probesAsked + 5))
		Expect(answered[probesAsked-1].Reason).To(Equal(v1.TrafficZtunnelDown))
		Expect(answered[probesAsked:]).To(HaveEach(HaveField("Reason", v1.TrafficUnknown)))
	})
})
