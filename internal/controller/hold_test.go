// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
)

var _ = Describe("A hold", func() {
	start := time.Unix(1000, 0)
	in := enrollment.Findings{Pods: []enrollment.Pod{{Namespace: "app", Name: "x"}}}
	removal := enrollment.Change{Removed: true}

	// held is a hold whose first look has found a pod of a labeled namespace.
	held := func() *hold {
		h := &hold{}
		h.begin(removalSubject, beforeChange, start)
		h.setFindings(removal, in, start)
		h.setNamespaces([]string{"app"}, start)
		return h
	}
	// looks lists when it looks, seconds after the start, with those namespaces labeled.
	looks := func(h *hold, from, until int, namespaces ...string) []int {
		var at []int
		for s := from; s < until; s++ {
			now := start.Add(time.Duration(s) * time.Second)
			if h.setNamespaces(namespaces, now); h.due(now) {
				at = append(at, s)
				h.setFindings(removal, in, now)
			}
		}
		return at
	}

	It("looks at the pods more and more rarely", func() {
		Expect(looks(held(), 1, 80, "app")).To(HaveExactElements(3, 13, 33, 53, 73))
	})

	It("looks again soon after a label has gone", func() {
		h := held()
		Expect(looks(h, 1, 62, "app")).To(HaveExactElements(3, 13, 33, 53))
		Expect(looks(h, 62, 75, []string{}...)).To(HaveExactElements(62, 65, 71))
	})

	It("begins again with another change, and not with the same", func() {
		h := held()
		h.begin(removalSubject, beforeChange, start.Add(time.Minute))
		Expect(h.holds()).To(BeTrue())
		h.begin("digest", beforeChange, start.Add(time.Minute))
		Expect(h.holds()).To(BeFalse())
	})

	It("looks again at the next stage of a change that may cut off pods, and then at no earlier one", func() {
		h := held()
		h.released = true
		h.begin(removalSubject, beforeDataPlane, start)
		Expect(h.released).To(BeFalse())
		h.released = true
		h.begin(removalSubject, beforeChange, start)
		Expect(h.released).To(BeTrue())
	})

	// Hardened: a change that was released, paused for a day, and continued | pods that had joined in the meantime were cut off
	It("looks again where a change continues long after it was released", func() {
		h := held()
		h.released = true
		h.begin(removalSubject, beforeChange, start.Add(releaseValid-time.Second))
		Expect(h.released).To(BeTrue())
		h.begin(removalSubject, beforeChange, start.Add(releaseValid))
		Expect(h.released).To(BeFalse())
	})

	It("does not look again at the next stage of a change that cuts off none", func() {
		h := &hold{}
		h.begin("digest", beforeChange, start)
		h.setFindings(enrollment.Change{}, enrollment.Findings{}, start)
		h.released = true
		h.begin("digest", beforeDataPlane, start)
		Expect(h.released).To(BeTrue())
	})

	It("says when to look again", func() {
		Expect(held().retryAfter(start)).To(Equal(minListPause))
	})

	Context("where pods may not be listed", func() {
		complete := &v1.ServiceMeshController{Status: v1.ServiceMeshControllerStatus{Components: []v1.ComponentStatus{{Name: v1.ComponentZtunnel, Version: "1.29.1"}}}}
		blind := func() *hold {
			h := &hold{}
			h.begin(removalSubject, beforeChange, start)
			h.setFindings(removal, enrollment.Findings{Unknown: true}, start)
			return h
		}

		It("waits for the labels, and for a while after they have gone", func() {
			h := blind()
			h.setNamespaces([]string{"app"}, start.Add(time.Minute))
			Expect(h.mayContinue(complete, start.Add(time.Hour))).To(BeFalse())
			Expect(h.retryAfter(start)).To(Equal(maxListPause), "the permission may only be missing for a moment")
			Expect(h.message("m")).To(ContainSubstring("kubectl label namespace app istio.io/dataplane-mode-"))
			h.setNamespaces([]string{}, start.Add(2*time.Minute)) // Nothing has started an attempt in the meantime.
			Expect(h.message("m")).To(HavePrefix("no namespace is labeled istio.io/dataplane-mode=ambient: waiting 30s"))
			Expect(h.mayContinue(complete, start.Add(2*time.Minute+labelWait-time.Second))).To(BeFalse())
			h.setFindings(removal, enrollment.Findings{Unknown: true}, start.Add(2*time.Minute+labelWait-time.Second))
			Expect(h.retryAfter(start.Add(2*time.Minute+labelWait-time.Second))).To(Equal(time.Second), "before the next look")
			Expect(h.mayContinue(complete, start.Add(2*time.Minute+labelWait))).To(BeTrue())
		})

		It("does not wait for a mesh that was never complete", func() {
			Expect(blind().mayContinue(&v1.ServiceMeshController{}, start)).To(BeTrue())
		})

		It("does not wait longer than for the labels of a mesh that was taken over and is not complete yet", func() {
			taken := &v1.ServiceMeshController{Status: v1.ServiceMeshControllerStatus{PlanDigest: "digest"}}
			Expect(blind().mayContinue(taken, start)).To(BeFalse())
		})
	})
})
