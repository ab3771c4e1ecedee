// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/gloo-operator/gloo-operator/internal/health"
)

func TestHealth(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Rollout progress")
}

// deployment is a complete Deployment of two replicas, changed by edit.
func deployment(edit func(*appsv1.Deployment)) *appsv1.Deployment {
	replicas := int32(2)
	d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
	d.Generation = 3
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2}
	edit(d)
	return d
}

// redact takes a value out of a message.
var redact = strings.NewReplacer("registry.private", "[global.hub]").Replace

// daemonSet is a complete DaemonSet on three nodes, changed by edit.
func daemonSet(edit func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	d := &appsv1.DaemonSet{}
	d.Generation = 3
	d.Status = appsv1.DaemonSetStatus{
		ObservedGeneration: 3, DesiredNumberScheduled: 3, CurrentNumberScheduled: 3, UpdatedNumberScheduled: 3, NumberReady: 3, NumberAvailable: 3,
	}
	edit(d)
	return d
}

var _ = DescribeTable("A Deployment",
	func(edit func(*appsv1.Deployment), done bool, current int, message string) {
		p := health.Deployment(deployment(edit), redact)
		Expect(p.Done).To(Equal(done))
		Expect(p.UpdatedAndReady()).To(BeEquivalentTo(current))
		Expect(p.Message).To(Equal(message))
	},
	Entry("is done when all pods are updated, ready and available", func(*appsv1.Deployment) {}, true, 2, ""),
	Entry("is not done before its controller has seen it",
		func(d *appsv1.Deployment) { d.Generation = 4 }, false, 0, "waiting for the Deployment controller"),
	Entry("is not done while pods are to be updated",
		func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 1 }, false, 1, "1 of 2 pods updated"),
	Entry("is not done while old pods run, and takes these for the ready ones",
		func(d *appsv1.Deployment) { d.Status.Replicas = 4 }, false, 0, "2 old pods are still running"),
	Entry("is not done while a pod is not ready",
		func(d *appsv1.Deployment) { d.Status.ReadyReplicas = 1 }, false, 1, "1 of 2 pods ready"),
	Entry("is not done while a ready pod is not available",
		func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 1 }, false, 2, "1 of 2 pods ready"),
	Entry("has one replica unless it names another number",
		func(d *appsv1.Deployment) {
			d.Spec.Replicas = nil
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
		}, true, 1, ""),
	// Hardened: kubectl scale deployment istiod --replicas=0, under an autoscaler | the mesh was SUCCEEDED without a control plane
	Entry("is not done while it is scaled to 0, and says how to get it back",
		func(d *appsv1.Deployment) {
			d.Namespace, d.Name, d.Spec.Replicas = "istio-system", "istiod", new(int32)
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3}
		}, false, 0, "scaled to 0 pods: run kubectl scale -n istio-system deployment/istiod --replicas=1"),
	Entry("says what its controller says when it is stuck",
		func(d *appsv1.Deployment) {
			d.Status.ReadyReplicas = 0
			d.Status.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota",
			}}
		}, false, 0, "0 of 2 pods ready: exceeded quota"),
	Entry("says what its controller says when it exceeds its deadline",
		func(d *appsv1.Deployment) {
			d.Status.ReadyReplicas = 0
			d.Status.Conditions = []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Message: "no minimum availability"},
				{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Message: "timed out progressing"},
			}
		}, false, 0, "0 of 2 pods ready: timed out progressing"),
	Entry("says nothing of its controller while it makes progress",
		func(d *appsv1.Deployment) {
			d.Status.ReadyReplicas = 0
			d.Status.Conditions = []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Message: "is progressing"},
				{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionFalse, Message: "no failure"},
			}
		}, false, 0, "0 of 2 pods ready"),
	// Hardened: global.hub in values, quoted by a workload's condition | the value stood in status and events
	Entry("shows a path where its controller quotes a value",
		func(d *appsv1.Deployment) {
			d.Status.ReadyReplicas = 0
			d.Status.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "denied: registry.private/pilot",
			}}
		}, false, 0, "0 of 2 pods ready: denied: [global.hub]/pilot"),
)

var _ = It("The counts are of an earlier generation until the controller has seen the current one", func() {
	Expect(health.Deployment(deployment(func(d *appsv1.Deployment) { d.Generation++ }), redact).Unobserved).To(BeTrue())
	Expect(health.DaemonSet(daemonSet(func(d *appsv1.DaemonSet) { d.Generation++ })).Unobserved).To(BeTrue())
	Expect(health.Deployment(deployment(func(*appsv1.Deployment) {}), redact).Unobserved).To(BeFalse())
	Expect(health.DaemonSet(daemonSet(func(*appsv1.DaemonSet) {})).Unobserved).To(BeFalse())
})

var _ = DescribeTable("A DaemonSet",
	func(edit func(*appsv1.DaemonSet), done bool, current int, message string) {
		p := health.DaemonSet(daemonSet(edit))
		Expect(p.Done).To(Equal(done))
		Expect(p.UpdatedAndReady()).To(BeEquivalentTo(current))
		Expect(p.Message).To(Equal(message))
	},
	Entry("is done when all pods are updated, ready and available", func(*appsv1.DaemonSet) {}, true, 3, ""),
	Entry("is done where no node wants a pod",
		func(d *appsv1.DaemonSet) { d.Status = appsv1.DaemonSetStatus{ObservedGeneration: 3} }, true, 0, ""),
	Entry("is not done before its controller has seen it",
		func(d *appsv1.DaemonSet) { d.Generation = 4 }, false, 0, "waiting for the DaemonSet controller"),
	Entry("is not done while pods are to be updated, and takes the old ones for ready",
		func(d *appsv1.DaemonSet) { d.Status.UpdatedNumberScheduled = 1 }, false, 1, "1 of 3 pods updated"),
	Entry("is not done while a pod is not ready",
		func(d *appsv1.DaemonSet) { d.Status.NumberReady = 2 }, false, 2, "2 of 3 pods ready"),
	Entry("is not done while a ready pod is not available",
		func(d *appsv1.DaemonSet) { d.Status.NumberAvailable = 1 }, false, 3, "1 of 3 pods ready"),
	Entry("says who has to act when pods are only updated on deletion",
		func(d *appsv1.DaemonSet) {
			d.Status.UpdatedNumberScheduled = 0
			d.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
		}, false, 0, "0 of 3 pods updated; updateStrategy is OnDelete: delete the old pods to continue"),
)
