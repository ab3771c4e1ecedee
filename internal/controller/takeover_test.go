// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

var _ = DescribeTable("What another installation left behind",
	func(labels map[string]string, component string, ours bool) {
		found, isOurs := componentOfLeftover(&metav1.ObjectMeta{Labels: labels})
		Expect(isOurs).To(Equal(ours))
		if ours {
			Expect(found).To(Equal(component))
		}
	},
	Entry("is pruned where Istio's charts made it",
		map[string]string{"app.kubernetes.io/name": "istiod", "app.kubernetes.io/part-of": "istio", "istio.io/rev": "default"}, v1.ComponentIstiod, true),
	Entry("is kept where it is of another revision",
		map[string]string{"app.kubernetes.io/name": "istiod", "app.kubernetes.io/part-of": "istio", "istio.io/rev": "canary"}, "", false),
	Entry("is kept where it is a gateway",
		map[string]string{"app.kubernetes.io/name": "istio-ingressgateway", "app.kubernetes.io/part-of": "istio"}, "", false),
	Entry("is kept where it is anything else of the same tool", map[string]string{"app.kubernetes.io/name": "istiod"}, "", false),
)

var _ = It("A takeover begins only when the status has the digest of its plan", func(ctx SpecContext) {
	r, a := &Reconciler{}, &attempt{smc: resource("", ""), session: &session{takeover: &takeover{}}, Outcome: *complete()}
	a.Target = rollout.Target{To: a.Plan.Version}
	Expect(r.requireRolloutInStatus(ctx, a)).To(BeIdenticalTo(endAttempt))
	a.smc.Status = status.Compute(a.smc, &a.Outcome, time.Now())
	Expect(a.smc.Status.PlanDigest).To(Equal(a.Plan.Digest()))
	Expect(r.requireRolloutInStatus(ctx, a)).To(BeNil())
})
