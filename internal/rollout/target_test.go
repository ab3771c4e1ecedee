// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// going is a resource that wants a version while another runs and a rollout to a third
// may be under way.
func going(running, reached, wanted string) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{}
	smc.Generation, smc.Status.Phase, smc.Status.Version = 2, v1.PhaseUpgrading, running
	smc.Spec.Version, smc.Spec.Upgrade = wanted, &v1.Upgrade{AllowDowngrade: true}
	if reached != "" {
		smc.Status.Rollout = &v1.RolloutStatus{From: running, To: reached}
	}
	return smc
}

// undoing is a resource whose rollout to a version is being undone.
func undoing(running, reached, wanted string) *v1.ServiceMeshController {
	smc := going(running, "", wanted)
	smc.Status.Rollout = &v1.RolloutStatus{From: reached, To: running}
	return smc
}

var _ = DescribeTable("The target", func(smc *v1.ServiceMeshController, expected Target, backward bool) {
	c, err := Next(smc)
	Expect(err).NotTo(HaveOccurred())
	if len(c.Rest) == 0 {
		c.Rest = nil
	}
	Expect(c).To(Equal(expected))
	Expect(c.Downgrades()).To(Equal(backward))
},
	Entry("of a first installation is the version", going("", "", "1.29.1"), Target{To: "1.29.1"}, false),
	Entry("of a mesh that is complete is what runs", going("1.29.1", "", "1.29.1"), Target{From: "1.29.1", To: "1.29.1"}, false),
	Entry("goes forth from what ran, over a rollout within its minor version", going("1.27.3", "1.27.9", "1.28.2"), Target{From: "1.27.3", To: "1.28.2"}, false),
	Entry("goes forth step by step", going("1.27.9", "", "1.29.1"), Target{From: "1.27.9", To: "1.28.2", Rest: []string{"1.29.1"}}, false),
	Entry("goes on where it was", going("1.27.9", "1.28.2", "1.28.2"), Target{From: "1.27.9", To: "1.28.2"}, false),
	Entry("goes back the data plane first", going("1.28.2", "", "1.27.9"), Target{From: "1.28.2", To: "1.27.9"}, true),
	Entry("goes back from what a rollout has reached", going("1.27.9", "1.28.2", "1.27.9"), Target{From: "1.28.2", To: "1.27.9"}, true),
	Entry("goes forth from a rollout that went back, to what ran first", going("1.28.2", "1.27.9", "1.29.1"),
		Target{From: "1.27.9", To: "1.28.2", Rest: []string{"1.29.1"}}, false),
	Entry("goes on to what ran, until all runs it", undoing("1.28.2", "1.27.9", "1.29.1"),
		Target{From: "1.27.9", To: "1.28.2", Rest: []string{"1.29.1"}}, false),
	Entry("of another first installation goes back as well", going("", "1.29.1", "1.28.2"), Target{From: "1.29.1", To: "1.28.2"}, true),
	// Hardened: spec.repository is gone when an upgrade is taken back | the control plane went back before the data plane
	Entry("goes back the data plane first to a version that is not bundled, also without spec.repository",
		going("1.28.99", "1.29.1", "1.28.99"), Target{From: "1.29.1", To: "1.28.99"}, true),
	Entry("leads to a version that nobody has at once: there is no plan of it", going("1.27.9", "", "1.99.0"), Target{From: "1.27.9", To: "1.99.0"}, false),
)

var _ = It("There is no target where there is no path", func() {
	smc := going("1.29.1", "", "1.28.2")
	smc.Spec.Upgrade = nil
	_, err := Next(smc)
	Expect(err).To(MatchError(&DowngradeError{Running: "1.29.1", Wanted: "1.28.2"}))
})

var _ = DescribeTable("A missing step may come", func(repository *v1.Repository, fetchable bool) {
	smc := going("1.29.1", "1.99.0", "1.99.0")
	smc.Spec.Repository = repository
	_, err := Next(smc)
	gap := &GapError{}
	Expect(errors.As(err, &gap)).To(BeTrue())
	Expect(gap.Fetchable).To(Equal(fetchable))
},
	Entry("from spec.repository", &v1.Repository{}, true),
	Entry("from nowhere without it", nil, false),
)

var _ = DescribeTable("The versions in use are", func(status v1.ServiceMeshControllerStatus, versions ...string) {
	Expect(VersionsInUse(&v1.ServiceMeshController{Status: status})).To(ConsistOf(versions))
},
	Entry("none before an installation", v1.ServiceMeshControllerStatus{}),
	Entry("the one that runs", v1.ServiceMeshControllerStatus{Version: "1.28.2"}, "1.28.2"),
	Entry("those of a first installation", v1.ServiceMeshControllerStatus{Rollout: &v1.RolloutStatus{To: "1.29.1"}}, "1.29.1"),
	Entry("those of a rollout too", v1.ServiceMeshControllerStatus{Version: "1.28.2", Rollout: &v1.RolloutStatus{From: "1.27.9", To: "1.29.1"}}, "1.27.9", "1.28.2", "1.29.1"),
	Entry("that of a rollout that failed too", v1.ServiceMeshControllerStatus{Version: "1.28.2", FailedRollout: &v1.FailedRollout{Version: "1.29.1"}}, "1.28.2", "1.29.1"),
)

var _ = Describe("The target after a rollout that failed", func() {
	rolledBack := func(generation int64) *v1.ServiceMeshController {
		smc := going("1.28.2", "", "1.29.1")
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: generation, Version: "1.29.1"}
		return smc
	}

	It("leads back", func() {
		Expect(Next(rolledBack(2))).To(Equal(Target{From: "1.29.1", To: "1.28.2", Rollback: true}))
	})

	It("leads forth again when spec has changed", func() {
		c, err := Next(rolledBack(1))
		Expect(err).NotTo(HaveOccurred())
		Expect(c.To).To(Equal("1.29.1"))
	})
})

var _ = Describe("What is written first", func() {
	It("is the status, when another version is to be rolled out", func() {
		smc := going("1.28.2", "", "1.29.1")
		c, _ := Next(smc)
		Expect(MustWriteFirst(smc, c)).To(BeTrue())
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.28.2", To: "1.29.1"}
		Expect(MustWriteFirst(smc, c)).To(BeFalse())
	})

	It("is the status, when the rollout in progress is undone", func() {
		smc := going("1.28.2", "1.29.1", "1.28.2")
		c, _ := Next(smc)
		Expect(MustWriteFirst(smc, c)).To(BeTrue())
	})

	It("is the mesh, when it is installed or only its values change", func() {
		for _, smc := range []*v1.ServiceMeshController{going("", "", "1.29.1"), going("1.29.1", "", "1.29.1")} {
			c, _ := Next(smc)
			Expect(MustWriteFirst(smc, c)).To(BeFalse())
		}
	})
})

var _ = Describe("The order of components", func() {
	It("is that of the plan, and its reverse for a downgrade", func() {
		Expect(Target{From: "1.28.2", To: "1.29.1"}.Order(3)).To(Equal([]int{0, 1, 2}))
		Expect(Target{From: "1.29.1", To: "1.29.1"}.Order(3)).To(Equal([]int{0, 1, 2}))
		Expect(Target{From: "1.29.1", To: "1.28.2"}.Order(3)).To(Equal([]int{2, 1, 0}))
	})
})

var _ = Describe("A path of several steps", func() {
	target := Target{From: "1.27.9", To: "1.28.2", Rest: []string{"1.29.1", "1.30.0"}}

	It("is named where there is more than one step", func() {
		Expect(target.PathText()).To(Equal("upgrade path: 1.27.9 → 1.28.2 → 1.29.1 → 1.30.0"))
		Expect(Target{From: "1.29.1", To: "1.28.2", Rest: []string{"1.27.9"}}.PathText()).To(Equal("downgrade path: 1.29.1 → 1.28.2 → 1.27.9"))
		Expect(Target{From: "1.28.2", To: "1.29.1"}.PathText()).To(BeEmpty())
	})

	It("continues with the next step, which begins then, and ends with the last", func() {
		now := time.Unix(1000, 500)
		next := target.NextStep(now)
		Expect(next).To(Equal(&v1.RolloutStatus{From: "1.28.2", To: "1.29.1", Path: []string{"1.30.0"}, StartTime: Timestamp(time.Unix(1000, 0))}))
		Expect(TargetOf(next)).To(Equal(Target{From: "1.28.2", To: "1.29.1", Rest: []string{"1.30.0"}}))
		Expect(Target{From: "1.28.2", To: "1.29.1"}.NextStep(now)).To(BeNil())
	})
})

var _ = Describe("A rollout ends", func() {
	forward, back := Target{From: "1.28.2", To: "1.29.1"}, Target{From: "1.29.1", To: "1.28.2", Rollback: true}

	It("as succeeded or rolled back, when it completes", func() {
		Expect(CompletedResult(forward)).To(Equal(v1.ResultSucceeded))
		Expect(CompletedResult(back)).To(Equal(v1.ResultRolledBack))
	})

	It("as superseded when another replaces it, and as failed when that is its rollback", func() {
		Expect(ReplacedResult(forward)).To(Equal(v1.ResultSuperseded))
		Expect(ReplacedResult(back)).To(Equal(v1.ResultFailed))
	})
})

var _ = It("History keeps the newest changes", func() {
	var history []v1.HistoryEntry
	start := time.Unix(1000, 0)
	for i := range v1.HistoryLength + 2 {
		ended := Target{From: "1.28.2", To: fmt.Sprintf("1.29.%d", i)}.RolloutStatus(start)
		history = AddHistory(history, ended, CompletedResult(Target{}), start.Add(time.Minute))
	}
	Expect(history).To(HaveLen(v1.HistoryLength))
	Expect(history[0].To).To(Equal(fmt.Sprintf("1.29.%d", v1.HistoryLength+1)))
	Expect(history[0].Duration.Duration).To(Equal(time.Minute))
})
