// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

var _ = Describe("A component that makes no progress", func() {
	start := time.Unix(100000, 0)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	var s *rollout.Tracker
	BeforeEach(func() {
		s = &rollout.Tracker{}
		s.Observe("ztunnel", 1, true, nil, start)
	})

	It("fails when its time is over, and not before", func() {
		state := &ComponentState{Name: "ztunnel", Version: "1.29.1", Message: "1 of 3 pods ready"}
		Expect(state.FailIfTimedOut(s, time.Minute, after(59*time.Second))).To(BeNumerically("<=", time.Second))
		Expect(state.Failure).To(BeNil())
		state.FailIfTimedOut(s, time.Minute, after(time.Minute))
		Expect(state.Failure).NotTo(BeNil())
		Expect(state.Failure.Reason).To(Equal(v1.ReasonRolloutFailed))
		Expect(state.Failure.Phase).To(Equal(v1.PhaseFailed))
		Expect(state.Failure.Message).To(Equal("ztunnel 1.29.1 made no progress for 1m0s (spec.upgrade.timeout): 1 of 3 pods ready" + rolloutAdvice))
		Expect(state.Failure.Summary).To(Equal("ztunnel 1.29.1 made no progress for 1m0s (spec.upgrade.timeout): 1 of 3 pods ready"))
	})

	It("is not asked about again and again where it has no pods", func() {
		state := &ComponentState{Name: "istio-base", Version: "1.29.1", Message: "waiting"}
		Expect(state.FailIfTimedOut(s, time.Hour, after(time.Minute))).To(Equal(rollout.LongestPodListPause))
		state.HasPods = true
		Expect(state.FailIfTimedOut(s, time.Hour, after(time.Minute))).To(Equal(time.Second))
	})

	It("fails at once when waiting cannot help", func() {
		state := &ComponentState{Name: "ztunnel", Version: "1.29.1"}
		s.SetPodList(rollout.Observation{}, &health.Problem{Permanent: true}, nil, start)
		state.FailIfTimedOut(s, time.Hour, start)
		Expect(state.Failure).NotTo(BeNil())
		Expect(state.Failure.Message).To(ContainSubstring("cannot become ready"))
		Expect(state.Failure.Summary).To(ContainSubstring("cannot become ready"))
	})
})

var _ = DescribeTable("Pods that nodes have still to start are waited for", func(phase v1.Phase, to string, keeps bool) {
	p := &Outcome{Target: rollout.Target{From: "1.29.1", To: to}}
	Expect(KeepsVersion(resource(phase, "1.29.1"), p, time.Now())).To(Equal(keeps))
},
	Entry("in a complete mesh", v1.PhaseSucceeded, "1.29.1", true),
	Entry("not in one that was not complete", v1.PhaseDegraded, "1.29.1", false),
	Entry("not while another version is rolled out", v1.PhaseSucceeded, "1.29.2", false),
)
