// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// remaining is an object of a component, which is being deleted or not.
func remaining(kind, name, component string, deleting bool) apply.Owned {
	left := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if deleting {
		now := metav1.Now()
		left.DeletionTimestamp = &now
	}
	gvk := schema.GroupVersionKind{Version: "v1", Kind: kind}
	if kind == "Deployment" || kind == "DaemonSet" {
		gvk.Group = "apps"
	}
	return apply.Owned{Key: object.Key{GVK: gvk, Name: name}, Object: left, Component: component}
}

// removed is the status while those objects are left now.
func removed(smc *v1.ServiceMeshController, message string, left []apply.Owned) v1.ServiceMeshControllerStatus {
	return Removing(smc, message, left, time.Now())
}

var _ = Describe("The status of a removal", func() {
	installed := func() *v1.ServiceMeshController {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = computed(smc, complete())
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
		status := removed(smc, "removing ztunnel", whole(true))
		Expect(status.Phase).To(Equal(v1.PhaseUninstalling))
		Expect(ComponentNamed(status.Components, v1.ComponentZtunnel)).To(Equal(v1.ComponentStatus{
			Name: v1.ComponentZtunnel, Version: "1.29.1", Message: "is being removed: waiting for DaemonSet ztunnel"}))
		for _, name := range []string{v1.ComponentCNI, v1.ComponentIstiod, v1.ComponentBase} {
			Expect(ComponentNamed(status.Components, name)).To(Equal(ComponentNamed(smc.Status.Components, name)))
		}
		Expect(conditionsOf(status)).To(Equal(map[string]string{
			v1.ConditionInitialized: "True Complete", v1.ConditionCRDInstalled: "True Complete",
			v1.ConditionControlPlaneDeployed: "True Complete", v1.ConditionCNIDeployed: "True Complete",
			v1.ConditionZtunnelDeployed: "False Uninstalling", v1.ConditionWebhookDeployed: "False Uninstalling", v1.ConditionReady: "False Uninstalling",
		}))
		Expect(meta.FindStatusCondition(status.Conditions, v1.ConditionReady).Message).To(Equal("removing ztunnel"))
	})

	It("tells of what has gone, and that the CRDs stay", func() {
		status := removed(installed(), "", nil)
		Expect(status.Components).To(Equal([]v1.ComponentStatus{
			{Name: v1.ComponentGatewayAPI, Version: "1.29.1", Message: "its CRDs are kept"}, {Name: v1.ComponentBase, Version: "1.29.1", Message: "its CRDs are kept"},
			{Name: v1.ComponentIstiod, Message: "removed"}, {Name: v1.ComponentCNI, Message: "removed"}, {Name: v1.ComponentZtunnel, Message: "removed"},
		}))
		Expect(conditionsOf(status)).To(And(HaveKeyWithValue(v1.ConditionCRDInstalled, "True Complete"),
			HaveKeyWithValue(v1.ConditionControlPlaneDeployed, "False Uninstalling"), HaveKeyWithValue(v1.ConditionCNIDeployed, "False Uninstalling")))
	})

	// Hardened: kubectl delete smc, and its events | each component that was gone was reported as complete
	It("reports no component that is gone as complete", func() {
		smc := installed()
		Expect(Events(smc.Status, removed(smc, "", nil), EventInput{})).NotTo(ContainElement(HaveField("Reason", v1.ReasonComplete)))
	})

	It("changes nothing about what was not there", func() {
		smc := installed()
		conditions := []struct {
			kind   string
			status metav1.ConditionStatus
			reason string
		}{{v1.ConditionZtunnelDeployed, metav1.ConditionTrue, v1.ReasonNotRequired}, {v1.ConditionCNIDeployed, metav1.ConditionFalse, v1.ReasonWaiting}}
		for _, c := range conditions {
			meta.SetStatusCondition(&smc.Status.Conditions, metav1.Condition{Type: c.kind, Status: c.status, Reason: c.reason})
		}
		Expect(conditionsOf(removed(smc, "", nil))).To(And(
			HaveKeyWithValue(v1.ConditionZtunnelDeployed, "True NotRequired"), HaveKeyWithValue(v1.ConditionCNIDeployed, "False Waiting")))
	})

	It("tells of a component that waits for its turn as before, though it leaves nodes out", func() {
		smc := installed()
		for i := range smc.Status.Components {
			if smc.Status.Components[i].Name == v1.ComponentCNI {
				smc.Status.Components[i].Message = "node n is left out"
			}
		}
		Expect(conditionsOf(removed(smc, "", whole(true)))).To(HaveKeyWithValue(v1.ConditionCNIDeployed, "True Complete"))
	})

	It("tells of no rollout, and of no change that waits for approval", func() {
		smc := installed()
		smc.Status.Rollout, smc.Status.Proposal = &v1.RolloutStatus{To: "1.29.1"}, &v1.Proposal{Summary: "istiod"}
		Expect(Uninstalling(smc, "", time.Now())).To(And(HaveField("Rollout", BeNil()), HaveField("Proposal", BeNil()), HaveField("Bypass", BeNil())))
	})

	It("tells of what a component still has after its workload", func() {
		status := removed(installed(), "", []apply.Owned{remaining("ConfigMap", "ztunnel", v1.ComponentZtunnel, false)})
		Expect(ComponentNamed(status.Components, v1.ComponentZtunnel).Message).To(Equal("is being removed"))
	})

	It("tells when the mesh stopped being ready, once", func() {
		smc := installed()
		long := metav1.NewTime(time.Unix(1, 0))
		for i := range smc.Status.Conditions {
			smc.Status.Conditions[i].LastTransitionTime = long
		}
		smc.Status = removed(smc, "a", whole(false))
		since := meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionReady).LastTransitionTime
		Expect(since).NotTo(Equal(long))
		Expect(removed(smc, "b", whole(true)).Conditions).To(ContainElement(And(HaveField("Type", v1.ConditionReady), HaveField("LastTransitionTime", since))))
	})
})
