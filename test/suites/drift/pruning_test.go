// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// without lists those of the targets that are not among the others.
func without(targets, others []target) []target {
	return slices.DeleteFunc(slices.Clone(targets), func(t target) bool {
		return slices.ContainsFunc(others, func(o target) bool { return o.name == t.name })
	})
}

// missing lists those of the targets that the cluster does not have.
func missing(targets []target) []string {
	GinkgoHelper()
	var names []string
	for _, t := range targets {
		_, err := read(context.Background(), t.live)
		if apierrors.IsNotFound(err) {
			names = append(names, t.name)
			continue
		}
		Expect(err).NotTo(HaveOccurred())
	}
	return names
}

func namesOf(targets []target) []string {
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.name
	}
	return names
}

// deletions lists what the operator has deleted since.
func deletions(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return env.Requests(since, func(r cluster.Request) bool { return r.Verb == "delete" })
}

var _ = Describe("What the plan no longer holds", Ordered, func() {
	full, lean := Sample("minimal.yaml", Version("1.28.2"), Values(everything)), Sample("minimal.yaml", Version("1.29.1"))
	surplus := without(targetsOf(full), targetsOf(lean))
	const kept, copycat = "networkpolicy/istiod", "configmap/copycat"

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(full.DeepCopy())
		env.Kubectl("annotate", "-n", Namespace, kept, v1.HelmPolicyAnnotation+"=keep")
		env.Kubectl("create", "-n", Namespace, "configmap", "copycat")
		env.Kubectl("label", "-n", Namespace, copycat, v1.OwnerLabel+"="+Name, v1.ComponentLabel+"="+v1.ComponentIstiod)
		env.Settled()
	})

	It("is an object of every optional kind", func() {
		Expect(namesOf(surplus)).To(ContainElements(HavePrefix("HorizontalPodAutoscaler "), HavePrefix("ResourceQuota "),
			HavePrefix("NetworkPolicy "), HavePrefix("MutatingWebhookConfiguration istio-revision-tag"), HavePrefix("Service ")))
		Expect(missing(surplus)).To(BeEmpty())
	})

	It("stays until the component is healthy", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.29.1", Mode: cluster.Unready})
		mark := env.Settled()
		env.Patch(`{"spec":{"version":"1.29.1","values":null}}`)
		Eventually(func() string { return env.Component("istiod").Message }).Should(ContainSubstring("1.28.2 → 1.29.1"))
		env.Settled()
		Expect(missing(surplus)).To(BeEmpty())
		Expect(deletions(mark)).To(BeEmpty())
		release()
	})

	It("is deleted then, but for what is to be kept", func() {
		env.EventuallyPhase(v1.PhaseSucceeded)
		gone := slices.DeleteFunc(namesOf(surplus), func(name string) bool { return name == "NetworkPolicy istio-system/istiod" })
		Eventually(func() []string { return missing(surplus) }).Should(ConsistOf(gone))
		env.Settled()
		env.Kubectl("get", "-n", Namespace, kept)
	})

	It("is not what somebody put the operator's labels on", func() { env.Kubectl("get", "-n", Namespace, copycat) })

	It("is a component that the mode does not need", func() {
		for _, mode := range []struct {
			spec string
			gone []string
		}{
			{`{"spec":{"dataplaneMode":"Sidecar"}}`, []string{"daemonset/ztunnel"}},
			{`{"spec":{"trafficCaptureMode":"InitContainer"}}`, []string{"daemonset/ztunnel", "daemonset/istio-cni-node"}},
		} {
			env.Patch(mode.spec)
			env.EventuallyPhase(v1.PhaseSucceeded)
			Eventually(func() []string {
				return missing(without(targetsOf(lean), targetsOf(env.Mesh())))
			}).Should(ConsistOf(namesOf(without(targetsOf(lean), targetsOf(env.Mesh())))))
			for _, object := range mode.gone {
				out, err := env.TryKubectl("get", "-n", Namespace, object)
				Expect(err).To(HaveOccurred(), out)
			}
			Expect(missing(targetsOf(env.Mesh()))).To(BeEmpty())
		}
	})

	It("is never a CRD or the Namespace", func() {
		Expect(env.Requests(cluster.Mark{}, func(r cluster.Request) bool {
			return r.Verb == "delete" && (r.Resource == "customresourcedefinitions" || r.Resource == "namespaces")
		})).To(BeEmpty())
	})
})
