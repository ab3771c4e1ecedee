// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

var _ = Describe("The check for pods that bypass the mesh", func() {
	start := time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)
	one := []v1.SuspectPod{{Namespace: "app", Name: "a", Node: "n", Reason: v1.SuspectNotRedirected}}

	check := func() *bypassCheck { return &bypassCheck{history: enrollment.History{Grace: enrollment.BypassGrace}} }

	// run is how long after the start the checks of so many seconds are.
	run := func(b *bypassCheck, seconds int, state func(at int) string, suspects []v1.SuspectPod) (checks []int) {
		for at := range seconds {
			now := start.Add(time.Duration(at) * time.Second)
			if b.due(state(at), now) {
				checks = append(checks, at)
				b.succeeded(suspects, now)
			}
		}
		return checks
	}
	same := func(int) string { return "same" }

	It("is due at once, then after pauses that double up to ten minutes", func() {
		Expect(run(check(), 2500, same, nil)).To(Equal([]int{0, 30, 90, 210, 450, 930, 1530, 2130}))
	})

	It("begins again when a node has booted or istio-cni has changed, never sooner than half a minute after the last", func() {
		changes := func(at int) string { return fmt.Sprint(at >= 100, at >= 101) }
		Expect(run(check(), 400, changes, nil)).To(Equal([]int{0, 30, 90, 120, 150, 210, 330}))
	})

	It("is due each minute while there are suspects", func() {
		Expect(run(check(), 300, same, one)).To(Equal([]int{0, 30, 90, 150, 210, 270}))
	})

	It("reports the first suspects, and when it looked as the API server keeps it", func() {
		b := check()
		var many []v1.SuspectPod
		for i := range 30 {
			many = append(many, v1.SuspectPod{Namespace: "app", Name: fmt.Sprint(i)})
		}
		b.succeeded(many, start.Add(time.Millisecond))
		Expect(b.result).To(And(HaveField("Suspects", BeEquivalentTo(30)), HaveField("Pods", HaveLen(v1.MaxSuspects)),
			HaveField("LastCheckTime.Time", BeTemporally("==", start)), HaveField("Message", ContainSubstring("30 pods may bypass the mesh"))))
	})

	It("keeps what was found before while it cannot look, and says why", func() {
		b, last := check(), metav1.NewTime(start)
		before := &v1.BypassStatus{LastCheckTime: &last, Suspects: 1, Pods: one, Message: "old"}
		Expect(b.due("state", start)).To(BeTrue())
		b.failed(before, "pods is forbidden", start)
		Expect(b.result).To(Equal(&v1.BypassStatus{LastCheckTime: &last, Suspects: 1, Pods: one, Message: "pods cannot be checked: pods is forbidden"}))
		Expect(before.Message).To(Equal("old"))
		Expect(b.due("state", start.Add(enrollment.BypassGrace-1))).To(BeFalse())
		b = check()
		b.failed(nil, "away", start)
		Expect(b.result).To(Equal(&v1.BypassStatus{Message: "pods cannot be checked: away"}))
	})

	It("notices a boot, a node, a namespace, and a change of istio-cni", func() {
		state := func(boot string, generation int64, ready int32, more ...preflight.Node) string {
			cni := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Generation: generation}, Status: appsv1.DaemonSetStatus{NumberReady: ready}}
			return bypassState(append([]preflight.Node{{Name: "n", BootID: boot}}, more...), []string{"app"}, cni)
		}
		Expect(state("1", 1, 1)).To(Equal(state("1", 1, 1)))
		Expect(state("1", 1, 1, preflight.Node{Name: "m"})).NotTo(Equal(state("1", 1, 1, preflight.Node{Name: "m", NotReady: true})))
		Expect(bypassState(nil, nil, &appsv1.DaemonSet{})).NotTo(Equal(bypassState(nil, []string{"app"}, &appsv1.DaemonSet{})))
		for _, other := range []string{state("2", 1, 1), state("1", 2, 1), state("1", 1, 0), state("1", 1, 1, preflight.Node{Name: "m"})} {
			Expect(other).NotTo(Equal(state("1", 1, 1)))
		}
	})
})
