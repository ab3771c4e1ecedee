// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// going is a resource that wants a version while another runs and a rollout to a third
// may be under way.
func going(running, reached, wanted string) *v1.ServiceMeshController {
	smc := resource(v1.PhaseUpgrading, running)
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

var _ = DescribeTable("A course", func(smc *v1.ServiceMeshController, expected course, backward bool) {
	c, err := courseOf(smc)
	Expect(err).NotTo(HaveOccurred())
	if len(c.rest) == 0 {
		c.rest = nil
	}
	Expect(c).To(Equal(expected))
	Expect(c.backward()).To(Equal(backward))
},
	Entry("of a first installation is the version", going("", "", "1.29.1"), course{to: "1.29.1"}, false),
	Entry("goes forth step by step", going("1.27.9", "", "1.29.1"), course{from: "1.27.9", to: "1.28.2", rest: []string{"1.29.1"}}, false),
	Entry("goes on where it was", going("1.27.9", "1.28.2", "1.28.2"), course{from: "1.27.9", to: "1.28.2"}, false),
	Entry("goes back the data plane first", going("1.28.2", "", "1.27.9"), course{from: "1.28.2", to: "1.27.9"}, true),
	Entry("goes back from what a rollout has reached", going("1.27.9", "1.28.2", "1.27.9"), course{from: "1.28.2", to: "1.27.9"}, true),
	Entry("goes forth from a rollout that went back, to what ran first", going("1.28.2", "1.27.9", "1.29.1"),
		course{from: "1.27.9", to: "1.28.2", rest: []string{"1.29.1"}}, false),
	Entry("goes on to what ran, until all runs it", undoing("1.28.2", "1.27.9", "1.29.1"),
		course{from: "1.27.9", to: "1.28.2", rest: []string{"1.29.1"}}, false),
	Entry("of another first installation goes back as well", going("", "1.29.1", "1.28.2"), course{from: "1.29.1", to: "1.28.2"}, true),
	// Hardened: spec.repository is gone when an upgrade is taken back | the control plane went back before the data plane
	Entry("goes back the data plane first to a version that is not bundled, also without spec.repository",
		going("1.28.99", "1.29.1", "1.28.99"), course{from: "1.29.1", to: "1.28.99"}, true),
	Entry("leads to a version that nobody has at once: there is no plan of it", going("1.27.9", "", "1.99.0"), course{from: "1.27.9", to: "1.99.0"}, false),
)

var _ = Describe("A course after a rollout that failed", func() {
	rolledBack := func(generation int64) *v1.ServiceMeshController {
		smc := going("1.28.2", "", "1.29.1")
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: generation, Version: "1.29.1"}
		return smc
	}

	It("leads back", func() {
		Expect(courseOf(rolledBack(2))).To(Equal(course{from: "1.29.1", to: "1.28.2", rollback: true}))
	})

	It("leads forth again when spec has changed", func() {
		c, err := courseOf(rolledBack(1))
		Expect(err).NotTo(HaveOccurred())
		Expect(c.to).To(Equal("1.29.1"))
	})
})

var _ = Describe("What is written first", func() {
	It("is the status, when another version is to be rolled out", func() {
		smc := going("1.28.2", "", "1.29.1")
		c, _ := courseOf(smc)
		Expect(announce(smc, c)).To(BeTrue())
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.28.2", To: "1.29.1"}
		Expect(announce(smc, c)).To(BeFalse())
	})

	It("is the status, when what is under way is undone", func() {
		smc := going("1.28.2", "1.29.1", "1.28.2")
		c, _ := courseOf(smc)
		Expect(announce(smc, c)).To(BeTrue())
	})

	It("is the mesh, when it is installed or only its values change", func() {
		for _, smc := range []*v1.ServiceMeshController{going("", "", "1.29.1"), going("1.29.1", "", "1.29.1")} {
			c, _ := courseOf(smc)
			Expect(announce(smc, c)).To(BeFalse())
		}
	})
})

var _ = Describe("The order of components", func() {
	components := []plan.Component{{Name: "a"}, {Name: "b"}, {Name: "c"}}

	It("is that of the plan, and its reverse on the way back", func() {
		Expect(course{from: "1.28.2", to: "1.29.1"}.order(components)).To(Equal([]int{0, 1, 2}))
		Expect(course{from: "1.29.1", to: "1.29.1"}.order(components)).To(Equal([]int{0, 1, 2}))
		Expect(course{from: "1.29.1", to: "1.28.2"}.order(components)).To(Equal([]int{2, 1, 0}))
	})
})
