// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("Events", func() {
	installing := newStatus(resource("", ""), passOf(2, "pods"))
	succeeded := newStatus(resource(v1.PhaseInstalling, ""), complete())
	notice := []plan.Notice{{Reason: v1.ReasonValuesNotRead, Message: "x"}}

	texts := func(told []occurrence) []string {
		var list []string
		for _, o := range told {
			list = append(list, o.kind+" "+o.reason+": "+o.message)
		}
		return list
	}

	It("tell of a notice once for each generation, and when it is new", func() {
		noticed := *installing.DeepCopy()
		noticed.Conditions[0].Message = "y; x"
		Expect(texts(eventsOf(v1.ServiceMeshControllerStatus{}, noticed, "1.29.1", notice, nil, nil))).To(ContainElement("Warning ValuesNotRead: x"))
		Expect(texts(eventsOf(noticed, succeeded, "1.29.1", notice, nil, nil))).NotTo(ContainElement(ContainSubstring("ValuesNotRead")))
		Expect(texts(eventsOf(installing, noticed, "1.29.1", notice, nil, nil))).To(ContainElement("Warning ValuesNotRead: x"))
		next := *noticed.DeepCopy()
		next.ObservedGeneration++
		Expect(texts(eventsOf(noticed, next, "1.29.1", notice, nil, nil))).To(ContainElement("Warning ValuesNotRead: x"))
	})

	// Hardened: events of notices that fill the message of a condition | the last was told anew by an event each time
	It("do not tell again of a notice that the status has no room for", func() {
		Expect(eventsOf(succeeded, succeeded, "1.29.1", notice, nil, nil)).To(BeEmpty())
	})

	It("tell of nothing when nothing changed", func() {
		Expect(eventsOf(succeeded, succeeded, "1.29.1", nil, nil, nil)).To(BeEmpty())
	})

	It("tell of each component and of the end", func() {
		Expect(texts(eventsOf(installing, succeeded, "1.29.1", nil, nil, nil))).To(Equal([]string{
			"Normal Complete: istiod 1.29.1 is complete: 2/2 pods", "Normal Complete: istio-cni 1.29.1 is complete: 2/2 pods",
			"Normal Complete: ztunnel 1.29.1 is complete: 2/2 pods", "Normal Succeeded: Istio 1.29.1 is complete",
		}))
	})

	It("warn with the reason of what stopped the mesh", func() {
		failed := newStatus(resource(v1.PhaseSucceeded, "1.29.1"), &pass{stop: refused})
		Expect(texts(eventsOf(succeeded, failed, "1.29.1", nil, nil, nil))).To(ContainElement("Warning InvalidValues: no"))
	})

	It("name what was put back, and who had changed it", func() {
		key := apply.Key{Namespace: "n", Name: "x"}
		key.GVK.Kind = "ConfigMap"
		many := apply.Theft{Managers: []string{"a", "b"}, Fields: []string{".1", ".2", ".3", ".4", ".5"}}
		told := texts(eventsOf(succeeded, succeeded, "1.29.1", nil, nil, []apply.Change{
			{Key: key}, {Key: key, Theft: apply.Theft{Managers: []string{v1.FieldManager}}}, {Key: key, Theft: many}, {Key: key, Theft: apply.Theft{Fields: []string{".1"}}},
		}))
		Expect(told).To(Equal([]string{
			"Warning DriftCorrected: ConfigMap n/x had been deleted: created again",
			"Warning DriftCorrected: ConfigMap n/x: values had been changed by gloo-operator: put back",
			"Warning DriftCorrected: ConfigMap n/x: .1, .2, .3 and 2 more had been changed by a, b: put back",
			"Warning DriftCorrected: ConfigMap n/x: .1 had been removed: put back",
		}))
	})

	It("tell of a pause and of a fight though the phase stays", func() {
		paused := newStatus(resource(v1.PhaseSucceeded, "1.29.1"), pausedPass(complete()))
		Expect(texts(eventsOf(succeeded, paused, "1.29.1", nil, nil, nil))).To(ContainElement(HavePrefix("Warning Paused: paused: nothing is changed")))
		contested := newStatus(resource(v1.PhaseSucceeded, "1.29.1"), fought(complete()))
		Expect(texts(eventsOf(succeeded, contested, "1.29.1", nil, nil, nil))).To(ContainElement(And(HavePrefix("Warning Contested"), ContainSubstring("rival"))))
	})
})

var _ = Describe("Removal", func() {
	It("goes from ztunnel to the Gateway API, and begins with what is of no known component", func() {
		var left []apply.Owned
		for _, component := range []string{v1.ComponentGatewayAPI, v1.ComponentIstiod, v1.ComponentZtunnel, "old", v1.ComponentCNI} {
			left = append(left, apply.Owned{Component: component})
		}
		Expect(removalOrder(left)).To(Equal([]string{"old", v1.ComponentZtunnel, v1.ComponentCNI, v1.ComponentIstiod, v1.ComponentGatewayAPI}))
	})
})

var _ = DescribeTable("What another installation left behind",
	func(labels map[string]string, component string, ours bool) {
		found, isOurs := leftoverOf(&metav1.ObjectMeta{Labels: labels})
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
