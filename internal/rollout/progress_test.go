// SPDX-License-Identifier: Apache-2.0

package rollout

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
	var s *Tracker
	// seen is a component of which one pod is missing on a node that is not ready.
	seen := func(ready int32, notReady ...string) Observation {
		return Observation{Progress: health.Progress{Desired: 3, Updated: 3, Ready: ready}, NodesNotReady: notReady}
	}
	BeforeEach(func() {
		s = &Tracker{}
		s.Observe("ztunnel", 1, true, nil, start)
	})

	It("stands still since the last pod got ready", func() {
		s.Observe("ztunnel", 2, false, nil, after(time.Minute))
		s.Observe("ztunnel", 2, false, nil, after(2*time.Minute))
		Expect(s.Since).To(Equal(after(time.Minute)))
	})

	It("makes no progress by a pod that is lost and comes back", func() {
		s.Observe("ztunnel", 0, false, nil, after(time.Minute))
		s.Observe("ztunnel", 1, false, nil, after(2*time.Minute))
		Expect(s.Since).To(Equal(start))
	})

	It("begins again with spec", func() {
		s.Observe("ztunnel", 0, true, nil, after(time.Minute))
		Expect(s.Since).To(Equal(after(time.Minute)))
	})

	It("is remembered by the status over a restart, for that component", func() {
		at := metav1.NewTime(start)
		rollout := &v1.RolloutStatus{Component: "ztunnel", ProgressTime: &at}
		restarted, another := &Tracker{}, &Tracker{}
		restarted.Observe("ztunnel", 1, false, rollout, after(time.Minute))
		another.Observe("istiod", 1, false, rollout, after(time.Minute))
		Expect(restarted.Since.Equal(start)).To(BeTrue())
		Expect(another.Since).To(Equal(after(time.Minute)))
	})

	It("is looked at every quarter of a minute until something tells why, for two minutes", func() {
		var pauses []time.Duration
		for now := after(FirstPodList); len(pauses) < 9; now = s.next {
			s.SetPodList(seen(2), nil, nil, now)
			pauses = append(pauses, s.next.Sub(now)/time.Second)
		}
		Expect(pauses).To(Equal([]time.Duration{10, 15, 15, 15, 15, 15, 15, 60, 60}))
	})

	It("is looked at after a while, and more rarely each time", func() {
		Expect(s.PodListDue(seen(2), 0, after(FirstPodList-1))).To(BeFalse())
		Expect(s.PodListDue(seen(2), 0, after(FirstPodList))).To(BeTrue())
		var pauses []time.Duration
		for now := after(FirstPodList); len(pauses) < 6; now = s.next {
			s.SetPodList(seen(2), &health.Problem{}, nil, now)
			pauses = append(pauses, s.next.Sub(now))
		}
		Expect(pauses).To(Equal([]time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute, time.Minute}))
	})

	It("is looked at when something moves, and only then, where nodes are left out", func() {
		Expect(s.PodListDue(seen(2, "n"), 1, start)).To(BeTrue(), "at once")
		s.SetPodList(seen(2, "n"), health.NotReadyNodes([]string{"n"}), []string{"n"}, start)
		Expect(s.PodListDue(seen(2, "n"), 1, after(time.Hour))).To(BeFalse())
		Expect(s.PodListDue(seen(2, "m"), 1, start)).To(BeTrue())
	})

	It("is not looked at early when no pod is missing", func() {
		Expect(s.PodListDue(seen(3, "n"), 1, start)).To(BeFalse())
	})

	It("is looked at next when that is due, after a second at the earliest", func() {
		s.SetPodList(seen(2), nil, nil, start)
		Expect(s.NextPodList(start)).To(Equal(10 * time.Second))
		Expect(s.NextPodList(after(time.Hour))).To(Equal(time.Second))
	})

	It("is looked at again where more nodes are not ready than may be left out", func() {
		s.SetPodList(seen(1, "m", "n"), health.NotReadyNodes([]string{"m", "n"}), []string{"m", "n"}, start)
		Expect(s.PodListDue(seen(1, "m", "n"), 1, s.next.Add(-1))).To(BeFalse())
		Expect(s.PodListDue(seen(1, "m", "n"), 1, s.next)).To(BeTrue())
	})

	It("has time left until the timeout is over, and not when waiting cannot help", func() {
		Expect(s.TimeLeft(time.Minute, after(59*time.Second))).To(Equal(time.Second))
		Expect(s.TimeLeft(time.Minute, after(time.Minute))).To(BeZero())
		s.SetPodList(seen(2), &health.Problem{Permanent: true}, nil, start)
		Expect(s.TimeLeft(time.Minute, start)).To(BeZero())
	})
})

var _ = DescribeTable("Nodes that are not ready are left out", func(allowed any, behind []string, ready int32, expected bool) {
	smc := &v1.ServiceMeshController{}
	limit := intstr.Parse(allowed.(string))
	smc.Spec.Upgrade = &v1.Upgrade{MaxUnavailableNodes: &limit}
	progress := health.Progress{Desired: 10, Updated: ready, Ready: ready}
	Expect((&Tracker{NodesWithoutPod: behind}).LeavesOut(progress, MaxUnavailableNodes(smc, progress.Desired))).To(Equal(expected))
},
	Entry("up to the number", "2", []string{"a", "b"}, int32(8), true),
	Entry("not beyond", "1", []string{"a", "b"}, int32(8), false),
	Entry("not by default", "0", []string{"a"}, int32(9), false),
	Entry("by percentage", "20%", []string{"a", "b"}, int32(8), true),
	Entry("by percentage, rounded down", "19%", []string{"a", "b"}, int32(8), false),
	Entry("not where more pods are missing", "5", []string{"a"}, int32(8), false),
	Entry("not where no pod is missing", "5", nil, int32(10), false),
)

var _ = Describe("Nodes that join", func() {
	progress := func(desired, ready int32) health.Progress {
		return health.Progress{Desired: desired, Updated: ready, Ready: ready}
	}
	now := time.Unix(100000, 0)
	s := NewTracker(5)
	s.Since = now

	It("have time to start their pods", func() {
		Expect(s.NodeJoinGrace(progress(7, 5), now)).To(Equal(nodeJoinGrace))
		Expect(s.NodeJoinGrace(progress(7, 6), now.Add(nodeJoinGrace))).To(BeZero())
	})

	It("do not hide pods that were lost", func() {
		Expect(s.NodeJoinGrace(progress(7, 4), now)).To(BeZero())
		Expect(s.NodeJoinGrace(progress(5, 4), now)).To(BeZero())
	})

	It("need no time when no pod is missing", func() {
		Expect(s.NodeJoinGrace(progress(5, 5), now)).To(BeZero())
	})
})

var _ = DescribeTable("The timeout of a rollout", func(upgrade *v1.Upgrade, expected time.Duration) {
	smc := &v1.ServiceMeshController{}
	smc.Spec.Upgrade = upgrade
	Expect(Timeout(smc)).To(Equal(expected))
},
	Entry("is ten minutes by default", nil, 10*time.Minute),
	Entry("is ten minutes where only other settings are given", &v1.Upgrade{AllowDowngrade: true}, 10*time.Minute),
	Entry("is ten minutes instead of none", &v1.Upgrade{Timeout: &metav1.Duration{}}, 10*time.Minute),
	Entry("is that of spec", &v1.Upgrade{Timeout: &metav1.Duration{Duration: time.Hour}}, time.Hour),
)
