// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// with changes a resource whose changes have to be approved.
func with(change func(*v1.ServiceMeshController)) *v1.ServiceMeshController {
	smc := resource(v1.PhaseSucceeded, "1.29.1")
	smc.Spec.Upgrade = &v1.Upgrade{Approve: v1.Manual}
	smc.Status.PlanDigest = "another plan"
	change(smc)
	return smc
}

var _ = DescribeTable("Approval is needed",
	func(smc *v1.ServiceMeshController, taken *takeover, needed bool) {
		Expect(needsApproval(&attempt{smc: smc, session: &session{takeover: taken}, Outcome: *complete()})).To(Equal(needed))
	},
	Entry("by a plan that was not complete before", with(func(*v1.ServiceMeshController) {}), nil, true),
	Entry("by a takeover, even before a version was complete",
		with(func(smc *v1.ServiceMeshController) { smc.Status.Version = "" }), &takeover{}, true),
	// Hardened: gloo-extensions-config changes after a rollback | the change went out unapproved
	Entry("after a rollback to another plan: the change waits for approval", with(func(smc *v1.ServiceMeshController) {
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: smc.Generation, PlanDigest: "another plan"}
	}), nil, true),
	Entry("not by the plan that was complete last", with(func(smc *v1.ServiceMeshController) {
		smc.Status.PlanDigest = complete().Plan.Digest()
	}), nil, false),
	// Hardened: an approved change after a rollback is taken back | the change went out unapproved
	Entry("by the plan of a rollback that is over: the change waits for approval", with(func(smc *v1.ServiceMeshController) {
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: smc.Generation, PlanDigest: complete().Plan.Digest()}
	}), nil, true),
	Entry("not by the plan that a failed rollout is going back to", with(func(smc *v1.ServiceMeshController) {
		smc.Status.Rollout = &v1.RolloutStatus{Rollback: true}
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: smc.Generation, PlanDigest: complete().Plan.Digest()}
	}), nil, false),
	// Hardened: spec changes while an approved takeover is under way | the change went out unapproved, without a dry run
	Entry("by another plan than the one that a takeover has begun with",
		with(func(smc *v1.ServiceMeshController) { smc.Status.Version = "" }), nil, true),
	Entry("not by the plan that a takeover has begun with", with(func(smc *v1.ServiceMeshController) {
		smc.Status.Version, smc.Status.PlanDigest = "", complete().Plan.Digest()
	}), &takeover{}, false),
	Entry("not by a first installation", with(func(smc *v1.ServiceMeshController) {
		smc.Status.Version, smc.Status.PlanDigest = "", ""
	}), nil, false),
	Entry("not where changes are automatic", with(func(smc *v1.ServiceMeshController) { smc.Spec.Upgrade = nil }), nil, false),
)
