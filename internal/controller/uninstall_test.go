// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// remaining is an object of a component, which is being deleted or not.
func remaining(kind, name, component string, deleting bool) apply.Owned {
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if deleting {
		now := metav1.Now()
		object.DeletionTimestamp = &now
	}
	gvk := schema.GroupVersionKind{Version: "v1", Kind: kind}
	if kind == "Deployment" || kind == "DaemonSet" {
		gvk.Group = "apps"
	}
	return apply.Owned{Key: apply.Key{GVK: gvk, Name: name}, Object: object, Component: component}
}

var _ = Describe("The status of a removal", func() {
	installed := func() *v1.ServiceMeshController {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = newStatus(smc, complete())
		return smc
	}
	conditionsOf := func(status v1.ServiceMeshControllerStatus) map[string]string {
		told := map[string]string{}
		for _, c := range status.Conditions {
			told[c.Type] = fmt.Sprintf("%s %s", c.Status, c.Reason)
		}
		return told
	}
	whole := func(deleting bool) []apply.Owned {
		return []apply.Owned{
			remaining("DaemonSet", "ztunnel", v1.ComponentZtunnel, deleting), remaining("ConfigMap", "ztunnel", v1.ComponentZtunnel, false),
			remaining("DaemonSet", "istio-cni-node", v1.ComponentCNI, false), remaining("Deployment", "istiod", v1.ComponentIstiod, false),
			remaining("ConfigMap", "base", v1.ComponentBase, false),
		}
	}

	// Hardened: kubectl delete smc while a component goes | its pods and conditions were told to be as before
	It("tells of what is going that it does not run, and of the rest as before", func() {
		smc := installed()
		status := removing(smc, "removing ztunnel", whole(true))
		Expect(status.Phase).To(Equal(v1.PhaseUninstalling))
		Expect(componentNamed(status.Components, v1.ComponentZtunnel)).To(Equal(v1.ComponentStatus{
			Name: v1.ComponentZtunnel, Version: "1.29.1", Message: "is being removed: waiting for DaemonSet ztunnel"}))
		for _, name := range []string{v1.ComponentCNI, v1.ComponentIstiod, v1.ComponentBase} {
			Expect(componentNamed(status.Components, name)).To(Equal(componentNamed(smc.Status.Components, name)))
		}
		Expect(conditionsOf(status)).To(Equal(map[string]string{
			v1.ConditionInitialized: "True Complete", v1.ConditionCRDInstalled: "True Complete",
			v1.ConditionControlPlaneDeployed: "True Complete", v1.ConditionCNIDeployed: "True Complete",
			v1.ConditionZtunnelDeployed: "False Uninstalling", v1.ConditionWebhookDeployed: "False Uninstalling", v1.ConditionReady: "False Uninstalling",
		}))
		Expect(meta.FindStatusCondition(status.Conditions, v1.ConditionReady).Message).To(Equal("removing ztunnel"))
	})

	It("tells of what has gone, and that the CRDs stay", func() {
		status := removing(installed(), "", nil)
		Expect(status.Components).To(Equal([]v1.ComponentStatus{
			{Name: v1.ComponentGatewayAPI, Version: "1.29.1", Message: "its CRDs stay"}, {Name: v1.ComponentBase, Version: "1.29.1", Message: "its CRDs stay"},
			{Name: v1.ComponentIstiod, Message: "removed"}, {Name: v1.ComponentCNI, Message: "removed"}, {Name: v1.ComponentZtunnel, Message: "removed"},
		}))
		Expect(conditionsOf(status)).To(And(HaveKeyWithValue(v1.ConditionCRDInstalled, "True Complete"),
			HaveKeyWithValue(v1.ConditionControlPlaneDeployed, "False Uninstalling"), HaveKeyWithValue(v1.ConditionCNIDeployed, "False Uninstalling")))
	})

	It("tells of what a component still has after its workload", func() {
		status := removing(installed(), "", []apply.Owned{remaining("ConfigMap", "ztunnel", v1.ComponentZtunnel, false)})
		Expect(componentNamed(status.Components, v1.ComponentZtunnel).Message).To(Equal("is being removed"))
	})

	It("tells when the mesh stopped being ready, once", func() {
		smc := installed()
		long := metav1.NewTime(time.Unix(1, 0))
		for i := range smc.Status.Conditions {
			smc.Status.Conditions[i].LastTransitionTime = long
		}
		smc.Status = removing(smc, "a", whole(false))
		since := meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionReady).LastTransitionTime
		Expect(since).NotTo(Equal(long))
		Expect(removing(smc, "b", whole(true)).Conditions).To(ContainElement(And(HaveField("Type", v1.ConditionReady), HaveField("LastTransitionTime", since))))
	})
})

// at are pods of those names on those nodes.
func at(nodes ...string) []corev1.Pod {
	pods := make([]corev1.Pod, len(nodes))
	for i, node := range nodes {
		pods[i] = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("ztunnel-%d", i)}, Spec: corev1.PodSpec{NodeName: node}}
	}
	return pods
}

var _ = DescribeTable("A removal",
	func(pods []corev1.Pod, notReady, expected []string) { Expect(lost(pods, notReady)).To(Equal(expected)) },
	// Hardened: kubectl delete smc while a node is dead | it hung until the node was gone
	Entry("goes on without pods that are all on nodes that are not ready", at("b", "a", "b"), []string{"a", "b", "c"}, []string{"a", "b"}),
	Entry("waits for a pod on a healthy node", at("a", "healthy"), []string{"a"}, nil),
	Entry("waits for all pods where all nodes are ready", at("a"), nil, nil),
	Entry("waits for a pod that is on no node", at("a", ""), []string{"a"}, nil),
	Entry("waits for a workload that has no pods left", nil, []string{"a"}, nil),
)

var _ = Describe("Waiting for pods", func() {
	start := time.Unix(1000, 0)

	It("looks at them the first time after a while, then more and more rarely", func() {
		w := podWait{}
		var looks []time.Duration
		for now := start; now.Sub(start) < 100*time.Second; now = now.Add(time.Second) {
			if w.due("uid", start, now) {
				looks = append(looks, now.Sub(start))
				w.looked("", now)
			}
		}
		Expect(looks).To(HaveExactElements(5*time.Second, 15*time.Second, 30*time.Second, 45*time.Second, 60*time.Second, 75*time.Second, 90*time.Second))
	})

	It("begins anew with the next workload, and at once with one that waits for long", func() {
		w := podWait{workload: "before", next: start.Add(time.Hour), left: ": 3 left"}
		Expect(w.due("uid", start, start.Add(time.Minute))).To(BeTrue())
		Expect(w.left).To(BeEmpty())
		Expect(w.workload).To(Equal(types.UID("uid")))
	})

	It("names some of them", func() {
		Expect(podsLeft(nil)).To(BeEmpty())
		Expect(podsLeft(at("a"))).To(Equal(": 1 of its pods are left: ztunnel-0 on node a"))
		Expect(podsLeft(at("a", "b", "c", "d", "e", "f", "g"))).To(And(HavePrefix(": 7 of its pods are left: ztunnel-0 on node a"), HaveSuffix(" and 2 more")))
	})
})
