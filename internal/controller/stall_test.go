// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
)

var _ = Describe("A rollout that stands still", func() {
	start := time.Unix(100000, 0)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	var s *stall
	BeforeEach(func() {
		s = &stall{}
		s.note("ztunnel", 1, true, nil, start)
	})

	It("stands still since the last pod got ready", func() {
		s.note("ztunnel", 2, false, nil, after(time.Minute))
		s.note("ztunnel", 2, false, nil, after(2*time.Minute))
		Expect(s.since).To(Equal(after(time.Minute)))
	})

	It("makes no progress by a pod that is lost and comes back", func() {
		s.note("ztunnel", 0, false, nil, after(time.Minute))
		s.note("ztunnel", 1, false, nil, after(2*time.Minute))
		Expect(s.since).To(Equal(start))
	})

	It("begins anew with spec", func() {
		s.note("ztunnel", 0, true, nil, after(time.Minute))
		Expect(s.since).To(Equal(after(time.Minute)))
	})

	It("is remembered by the status over a restart, for that component", func() {
		at := metav1.NewTime(start)
		rollout := &v1.RolloutStatus{Component: "ztunnel", ProgressTime: &at}
		restarted, another := &stall{}, &stall{}
		restarted.note("ztunnel", 1, false, rollout, after(time.Minute))
		another.note("istiod", 1, false, rollout, after(time.Minute))
		Expect(restarted.since.Equal(start)).To(BeTrue())
		Expect(another.since).To(Equal(after(time.Minute)))
	})

	It("is looked at every quarter of a minute until something tells why, for two minutes", func() {
		var pauses []time.Duration
		for now := after(firstLook); len(pauses) < 9; now = s.next {
			s.looked("a", nil, nil, now)
			pauses = append(pauses, s.next.Sub(now)/time.Second)
		}
		Expect(pauses).To(Equal([]time.Duration{10, 15, 15, 15, 15, 15, 15, 60, 60}))
	})

	It("is looked at after a while, and more rarely each time", func() {
		Expect(s.due("a", false, false, after(firstLook-1))).To(BeFalse())
		Expect(s.due("a", false, false, after(firstLook))).To(BeTrue())
		var pauses []time.Duration
		for now := after(firstLook); len(pauses) < 6; now = s.next {
			s.looked("a", &health.Trouble{}, nil, now)
			pauses = append(pauses, s.next.Sub(now))
		}
		Expect(pauses).To(Equal([]time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute, time.Minute}))
	})

	It("is looked at when something moves, and only then, where nodes are left out", func() {
		Expect(s.due("a", true, false, start)).To(BeTrue(), "at once")
		s.looked("a", health.NotReadyNodes([]string{"n"}), []string{"n"}, start)
		Expect(s.due("a", true, true, after(time.Hour))).To(BeFalse())
		Expect(s.due("b", true, true, start)).To(BeTrue())
	})

	It("is looked at again where more nodes are not ready than may be left out", func() {
		s.looked("a", health.NotReadyNodes([]string{"n", "m"}), []string{"n", "m"}, start)
		Expect(s.due("a", true, false, s.next.Add(-1))).To(BeFalse())
		Expect(s.due("a", true, false, s.next)).To(BeTrue())
	})

	It("fails when its time is over, and not before", func() {
		state := &componentState{name: "ztunnel", version: "1.29.1", message: "1 of 3 pods ready"}
		Expect(s.judge(state, time.Minute, after(59*time.Second))).To(BeNumerically("<=", time.Second))
		Expect(state.failure).To(BeNil())
		s.judge(state, time.Minute, after(time.Minute))
		Expect(state.failure).NotTo(BeNil())
		Expect(state.failure.reason).To(Equal(v1.ReasonRolloutFailed))
		Expect(state.failure.phase).To(Equal(v1.PhaseFailed))
		Expect(state.failure.message).To(Equal("ztunnel 1.29.1 made no progress for 1m0s (spec.upgrade.timeout): 1 of 3 pods ready" + whatNow))
	})

	It("is not asked about again and again where it has no pods", func() {
		state := &componentState{name: "istio-base", version: "1.29.1", message: "waiting"}
		Expect(s.judge(state, time.Hour, after(time.Minute))).To(Equal(lastLook))
		state.pods = true
		Expect(s.judge(state, time.Hour, after(time.Minute))).To(Equal(time.Second))
	})

	It("fails at once when waiting cannot help", func() {
		state := &componentState{name: "ztunnel", version: "1.29.1"}
		s.looked("a", &health.Trouble{Certain: true}, nil, start)
		s.judge(state, time.Hour, start)
		Expect(state.failure).NotTo(BeNil())
		Expect(state.failure.message).To(ContainSubstring("cannot get ready"))
	})
})

var _ = DescribeTable("Nodes that are not ready are left out", func(allowed any, behind []string, ready int32, expected bool) {
	smc := resource(v1.PhaseUpgrading, "1.28.2")
	limit := intstr.Parse(allowed.(string))
	smc.Spec.Upgrade = &v1.Upgrade{MaxUnavailableNodes: &limit}
	state := componentState{pods: true, progress: health.Progress{Desired: 10, Updated: ready, Ready: ready}}
	Expect((&stall{behind: behind}).leavesOut(smc, state)).To(Equal(expected))
},
	Entry("up to the number", "2", []string{"a", "b"}, int32(8), true),
	Entry("not beyond", "1", []string{"a", "b"}, int32(8), false),
	Entry("not by default", "0", []string{"a"}, int32(9), false),
	Entry("by percentage", "20%", []string{"a", "b"}, int32(8), true),
	Entry("by percentage, rounded down", "19%", []string{"a", "b"}, int32(8), false),
	Entry("not where more pods are missing", "5", []string{"a"}, int32(8), false),
)

var _ = Describe("Nodes that join", func() {
	complete := func(phase v1.Phase) *v1.ServiceMeshController { return resource(phase, "1.29.1") }
	state := func(desired, ready int32) componentState {
		return componentState{pods: true, progress: health.Progress{Desired: desired, Updated: ready, Ready: ready}}
	}
	p := &pass{course: course{from: "1.29.1", to: "1.29.1"}}
	now := time.Unix(100000, 0)
	s := &stall{base: 5, since: now}

	It("have time to start their pods", func() {
		Expect(s.joinsWithin(complete(v1.PhaseSucceeded), p, state(7, 5), now)).To(Equal(joinGrace))
		Expect(s.joinsWithin(complete(v1.PhaseSucceeded), p, state(7, 6), now.Add(joinGrace))).To(BeZero())
	})

	It("do not hide pods that were lost, nor a mesh that was not complete", func() {
		Expect(s.joinsWithin(complete(v1.PhaseSucceeded), p, state(7, 4), now)).To(BeZero())
		Expect(s.joinsWithin(complete(v1.PhaseSucceeded), p, state(5, 4), now)).To(BeZero())
		Expect(s.joinsWithin(complete(v1.PhaseDegraded), p, state(7, 5), now)).To(BeZero())
	})
})
