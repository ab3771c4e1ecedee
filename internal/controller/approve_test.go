// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
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

var _ = Describe("A preview that found no difference", func() {
	const configMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"istio-system","name":"istio"},"data":{"a":"%s"}}`
	var (
		live string
		r    *Reconciler
		a    *attempt
	)
	planOf := func(data string) *plan.Plan {
		o := object.Object{GVK: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Namespace: "istio-system", Name: "istio", Hash: data, Body: fmt.Appendf(nil, configMap, data)}
		return &plan.Plan{Version: "1.29.1", Components: []plan.Component{{Name: v1.ComponentIstiod, Digest: data, Objects: []object.Object{o}}}}
	}
	check := func(ctx context.Context, built *plan.Plan) *status.Blocker {
		a.Outcome = status.Outcome{Plan: built}
		return r.checkApproval(ctx, a)
	}

	BeforeEach(func(ctx SpecContext) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if request.Method == http.MethodGet {
				fmt.Fprintf(w, `{"apiVersion":"v1","kind":"ConfigMapList","items":[`+configMap+`]}`, live)
				return
			}
			fmt.Fprintf(w, configMap, "new")
		}))
		DeferCleanup(server.Close)
		config := &rest.Config{Host: server.URL}
		observer, err := apply.NewObserver(config, apply.Scope{})
		Expect(err).NotTo(HaveOccurred())
		applier, err := apply.New(config, observer)
		Expect(err).NotTo(HaveOccurred())
		r = &Reconciler{applier: applier, observer: observer}
		a = &attempt{smc: with(func(smc *v1.ServiceMeshController) { smc.Status.PlanDigest = planOf("old").Digest() }), session: &session{}}
		live = "new"
		Expect(check(ctx, planOf("new"))).To(BeNil(), "nothing would change")
		live = "old"
		Expect(check(ctx, planOf("new"))).To(BeNil(), "which is remembered")
	})

	expectProposal := func(ctx context.Context) {
		GinkgoHelper()
		Expect(check(ctx, planOf("new"))).To(HaveField("Reason", v1.ReasonApprovalNeeded))
	}

	// Hardened: a change is taken back and made again | it went out unapproved, since a preview of before was remembered
	It("does not count any more once the plan of before was applied again", func(ctx SpecContext) {
		Expect(check(ctx, planOf("old"))).To(BeNil())
		expectProposal(ctx)
	})

	It("does not count any more once another plan was approved", func(ctx SpecContext) {
		other := planOf("other")
		a.smc.Annotations = map[string]string{v1.ApproveAnnotation: other.Digest()}
		Expect(check(ctx, other)).To(BeNil())
		expectProposal(ctx)
	})

	It("does not count any more once another plan was complete", func(ctx SpecContext) {
		a.smc.Status.PlanDigest = "another plan"
		expectProposal(ctx)
	})

	It("does not count any more after a pause", func(ctx SpecContext) {
		a.Outcome = status.Outcome{Plan: &plan.Plan{}}
		Expect(r.observePaused(ctx, a)).To(BeNil())
		expectProposal(ctx)
	})
})
