// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// withoutBounds makes the CRD one that takes anything as spec.upgrade.
const withoutBounds = `[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/upgrade",` +
	`"value":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}]`

// undecodable are settings that no client can decode.
const undecodable = `{"spec":{"upgrade":{"timeout":"9999999h","maxUnavailableNodes":3000000000}}}`

var _ = Describe("A resource that cannot be decoded", Ordered, func() {
	var operator *Operator

	// unbounded creates a resource of that name in a cluster with the older CRD.
	unbounded := func(name string) {
		GinkgoHelper()
		env.Create(Sample("minimal.yaml", Named(name)))
		Eventually(func() error {
			return env.API.Patch(context.Background(), env.Mesh(name), client.RawPatch(types.MergePatchType, []byte(undecodable)))
		}).Should(Succeed(), "the API server knows the older CRD")
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.Kubectl("patch", "crd", "servicemeshcontrollers.operator.gloo.solo.io", "--type", "json", "-p", withoutBounds)
		unbounded("broken")
		Expect(env.Mesh("broken").DecodeError).To(ContainSubstring("spec.upgrade"))
		first := env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		first.Stop()
		operator = env.StartOperator()
	})

	// Hardened: a stored timeout of 9999999h, as an older CRD lets it through | the informer never synced: no mesh for anybody
	It("keeps no other resource from getting its mesh, after a restart either", func() {
		env.Kubectl("delete", "configmap", "-n", Namespace, "istio")
		Eventually(func() error {
			return env.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: "istio"}, &corev1.ConfigMap{})
		}).Should(Succeed())
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("is reported in its status and by an event", func() {
		env.EventuallyPhase(v1.PhaseFailed, "broken")
		Expect(env.Mesh("broken").Status.Message).To(HavePrefix("spec.upgrade is not what this operator can read; "))
		Eventually(env.Events).Should(ContainElement(HavePrefix("Undecodable: spec.upgrade is not what this operator can read")))
	})

	It("costs no request while nothing changes", func() {
		env.ExpectQuiet(env.Settled(), 3*time.Second)
	})

	// Hardened: kubectl delete smc of a resource that cannot be decoded | it hung for ever
	It("can be deleted", func() {
		env.Kubectl("delete", "smc", "broken", "--timeout=240s")
		Expect(operator.Running()).To(BeTrue())
	})

	It("keeps the mesh that it has", func() {
		Expect(env.API.Patch(context.Background(), env.Mesh(), client.RawPatch(types.MergePatchType, []byte(undecodable)))).To(Succeed())
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady).Reason).To(Equal(v1.ReasonUndecodable))
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
		Expect(env.ReadyPods("ztunnel")).To(BeEquivalentTo(Nodes))
	})

	// Hardened: kubectl delete smc of a mesh whose resource cannot be decoded | it hung, and its mesh stayed
	It("is deleted with its mesh", func(ctx SpecContext) {
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		err := env.API.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: "istiod"}, &appsv1.Deployment{})
		Expect(apierrors.IsNotFound(err)).To(BeTrue(), fmt.Sprint(err))
	})
})

var _ = Describe("The status", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		unread := map[string]any{}
		for i := range 3000 {
			unread[fmt.Sprintf("unread-%04d", i)] = "x"
		}
		values, err := json.Marshal(map[string]any{"nothing": unread, "global": map[string]any{"hub": "registry.private/istio"}})
		Expect(err).NotTo(HaveOccurred())
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Values(string(values))))
	})

	// put writes a status as the operator does.
	put := func(ctx context.Context, status v1.ServiceMeshControllerStatus) error {
		GinkgoHelper()
		smc := env.Mesh()
		before := smc.DeepCopy()
		smc.Status = status
		return env.API.Status().Patch(ctx, smc, client.MergeFrom(before), client.DryRunAll)
	}

	long := strings.Repeat("m", 2*v1.MaxMessageLength)
	at := metav1.Now().Rfc3339Copy()
	ofLength := map[string]v1.ServiceMeshControllerStatus{
		"message":   {Message: long},
		"condition": {Conditions: []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Waiting", LastTransitionTime: at, Message: long}}},
		"component": {Components: []v1.ComponentStatus{{Name: "istiod", Message: long}}},
		"rollout":   {Rollout: &v1.RolloutStatus{To: "1.29.1", StartTime: at, ProgressTime: &at, Progress: long}},
		"proposal":  {Proposal: &v1.Proposal{Version: "1.29.1", Digest: "a", Summary: long}},
		"failure":   {FailedRollout: &v1.FailedRollout{Version: "1.29.1", Message: long}},
	}
	for _, name := range []string{"message", "condition", "component", "rollout", "proposal", "failure"} {
		// Hardened: a message longer than the CRD allows | no status was written any more
		It("takes the longest "+name+" once it is cut to the schema", func(ctx SpecContext) {
			Expect(put(ctx, ofLength[name])).To(MatchError(ContainSubstring("32768")), "the limit is the schema's")
			Expect(put(ctx, wording.Fit(ofLength[name]))).To(Succeed())
		})
	}

	DescribeTable("refuses what no client could decode:", func(ctx SpecContext, status, message string) {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"status":`+status+`}`))
		Expect(env.API.Status().Patch(ctx, env.Mesh(), patch, client.DryRunAll)).To(MatchError(ContainSubstring(message)))
	},
		// Hardened: a list as a time in the status | the API server took it and no client could decode it
		Entry("a list as a time: the API server refuses it", `{"rollout":{"to":"a","startTime":[]}}`, "must be of type string"),
		Entry("a day that is none", `{"rollout":{"to":"a","startTime":"2026-02-30T00:00:00Z"}}`, "startTime"),
		Entry("a time in small letters", `{"rollout":{"to":"a","startTime":"2026-01-02t03:04:05z"}}`, "startTime"),
		// Hardened: a text as a duration in the status | the API server took it and no client could decode it
		Entry("a text as a duration: the API server refuses it", `{"history":[{"to":"a","result":"Failed","time":"2026-01-02T03:04:05Z","duration":"long"}]}`, "duration"),
		// Hardened: a number of pods beyond 32 bits in the status, on Kubernetes 1.33 | the API server took it and no client could decode it
		Entry("more pods than a number can be", `{"components":[{"name":"a","desired":3000000000}]}`, "desired"),
	)

	// Hardened: 3000 values that no chart reads | all were listed, and no status was ever written again
	It("lists twenty of 3000 values that nothing reads, and how many more there are", func() {
		initialized := meta.FindStatusCondition(env.Mesh().Status.Conditions, v1.ConditionInitialized)
		Expect(initialized.Reason).To(Equal(v1.ReasonValuesNotRead))
		Expect(initialized.Message).To(And(ContainSubstring("nothing.unread-0019 and 2980 more"), Not(ContainSubstring("unread-0020"))))
	})

	// Hardened: global.hub in values and an image that cannot be pulled | the value stood in status and events
	It("shows the path of a value that the text of a pod quotes", func() {
		env.Hold(cluster.Behavior{
			Selector: map[string]string{"app": "istiod"}, Mode: cluster.Fail,
			Reason: "ImagePullBackOff", Message: `Back-off pulling image "registry.private/istio/pilot": not found`,
		})
		env.Patch(`{"spec":{"values":{"pilot":{"podAnnotations":{"again":"true"}}}}}`)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring(
			`ImagePullBackOff: Back-off pulling image "[global.hub]/pilot": not found`))
		Eventually(env.Events).Should(ContainElement(ContainSubstring("[global.hub]/pilot")))
		Expect(strings.Join(env.Events(), "\n")).NotTo(ContainSubstring("registry.private"))
	})
})
