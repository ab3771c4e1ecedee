// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/invalidinput"
)

// longestName is how much of a case's name is shown.
const longestName = 120

// goodValues are values that work and hold a secret each.
const goodValues = `{"pilot":{"env":{"TOKEN":"` + invalidinput.Marker + `"},"podAnnotations":{"note":"` + invalidinput.Marker + `"}},` +
	`"cni":{"podLabels":{"probe":"` + invalidinput.Marker + `"}},"ztunnel":{"env":{"TOKEN":"` + invalidinput.Marker + `"}},` +
	`"meshConfig":{"defaultConfig":{"proxyMetadata":{"PROXY_TOKEN":"` + invalidinput.Marker + `"}}},"unread":{"by":"` + invalidinput.Marker + `"}}`

var _ = Describe("A complete mesh", Ordered, ContinueOnFailure, func() {
	var (
		good     *v1.ServiceMeshController
		before   Snapshot
		operator *Operator
		log      *Log
	)

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		operator, log = env.StartLoggingOperator()
		good = Sample("minimal.yaml", Values(goodValues))
		env.Install(good.DeepCopy())
		env.Settled()
		before = meshOf(ctx)
	})

	for _, c := range invalidinput.Refused() {
		It("is not asked for what cannot be: "+shortly(c.Name), func(ctx SpecContext) {
			err := env.API.Patch(ctx, env.Mesh(), specPatch(c.Spec), client.DryRunAll)
			Expect(err).To(MatchError(ContainSubstring(c.Message)))
		})
	}

	for _, c := range invalidinput.Failing() {
		It("stays byte for byte as it is: "+shortly(c.Name), func(ctx SpecContext) {
			put(ctx, c)
			DeferCleanup(func(ctx SpecContext) {
				correct(ctx, c, good)
				env.EventuallyPhase(v1.PhaseSucceeded)
				Expect(meshOf(ctx).Difference(before)).To(BeEmpty())
			})
			eventuallyFailed(c)
			Expect(operator.Running()).To(BeTrue())
			Expect(meshOf(ctx).Difference(before)).To(BeEmpty())
		})
	}

	It("is followed by nothing that tells a secret, and by no panic", func(ctx SpecContext) {
		Expect(log.Matching("state changed")).NotTo(BeEmpty(), "the log is kept")
		Expect(log.Matching(invalidinput.Marker)).To(BeEmpty())
		Expect(log.Matching("panic")).To(BeEmpty())
		events := &eventsv1.EventList{}
		Expect(env.API.List(ctx, events)).To(Succeed())
		Expect(env.Events()).To(ContainElement(HavePrefix(v1.ReasonValuesNotRead)))
		Expect(json.Marshal(events)).NotTo(ContainSubstring(invalidinput.Marker))
	})
})

// shortly is a name of bearable length.
func shortly(name string) string {
	if len(name) > longestName {
		return name[:longestName] + "…"
	}
	return name
}

// specPatch is a merge patch of spec.
func specPatch(spec string) client.Patch {
	return client.RawPatch(types.MergePatchType, []byte(`{"spec":`+spec+`}`))
}

// extensionsMeta names the ConfigMap.
var extensionsMeta = metav1.ObjectMeta{Name: v1.ExtensionsName, Namespace: OperatorNamespace}

// put applies a bad input.
func put(ctx context.Context, c invalidinput.Case) {
	GinkgoHelper()
	if c.Spec != "" {
		Expect(env.API.Patch(ctx, env.Mesh(), specPatch(c.Spec))).To(Succeed())
	}
	if c.Extensions != nil || c.Binary != nil {
		Expect(env.API.Create(ctx, &corev1.ConfigMap{ObjectMeta: extensionsMeta, Data: c.Extensions, BinaryData: c.Binary})).To(Succeed())
	}
}

// correct takes a bad input back.
func correct(ctx context.Context, c invalidinput.Case, good *v1.ServiceMeshController) {
	GinkgoHelper()
	if c.Spec != "" {
		patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/version","value":%q},{"op":"add","path":"/spec/values","value":%s}]`,
			good.Spec.Version, good.Spec.Values.Raw)
		Expect(env.API.Patch(ctx, env.Mesh(), client.RawPatch(types.JSONPatchType, []byte(patch)))).To(Succeed())
	}
	if c.Extensions != nil || c.Binary != nil {
		Expect(client.IgnoreNotFound(env.API.Delete(ctx, &corev1.ConfigMap{ObjectMeta: extensionsMeta}))).To(Succeed())
	}
}

// eventuallyFailed waits until the resource has failed as it should, and sees that its
// status tells no secret.
func eventuallyFailed(c invalidinput.Case) {
	GinkgoHelper()
	var smc *v1.ServiceMeshController
	Eventually(func(g Gomega) {
		smc = env.Mesh()
		g.Expect(smc.Status.Phase).To(Equal(v1.PhaseFailed), smc.Status.Message)
		g.Expect(smc.Status.ObservedGeneration).To(Equal(smc.Generation))
		g.Expect(smc.Status.Message).To(ContainSubstring(c.Message))
	}).Should(Succeed())
	Expect(meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionInitialized)).To(HaveField("Reason", c.Reason), smc.Status.Message)
	Expect(smc.Status.Version).To(Equal("1.29.1"), "the version that runs on")
	Expect(json.Marshal(smc.Status)).NotTo(ContainSubstring(invalidinput.Marker))
}

// meshOf is the cluster without what describes the mesh.
func meshOf(ctx context.Context) Snapshot {
	GinkgoHelper()
	snapshot, err := env.Snapshot(ctx)
	Expect(err).NotTo(HaveOccurred())
	maps.DeleteFunc(snapshot, func(name, _ string) bool {
		return strings.HasPrefix(name, "ServiceMeshController ") || strings.Contains(name, v1.ExtensionsName)
	})
	return snapshot
}
