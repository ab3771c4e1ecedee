// SPDX-License-Identifier: Apache-2.0

package adoption_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// installation is an Istio that the operator did not install.
type installation struct {
	version string
	install func(version string)
	// whose is what the status says of its objects.
	whose string
	// equal reports whether its pod template of ztunnel is the operator's. That of istio-cni is not:
	// nobody knows which configuration its pods have read.
	equal bool
	// leftover is an object of its that the plan has not, as kubectl names it.
	leftover string
}

const autoscaler = "horizontalpodautoscaler.autoscaling/istiod"

func own(component string) string { return "my-" + component }

func same(component string) string { return component }

// installations lists what is taken over: what helm installed of every release, and
// what the other tools installed of one.
func installations() map[string]installation {
	all := map[string]installation{
		"by helm with release names of one's own": {
			version: "1.28.2", whose: "Helm release my-istiod in istio-system", leftover: autoscaler,
			install: func(version string) {
				byHelm(version, own, "--set", "pilot.autoscaleEnabled=true,pilot.autoscaleMin=2")
			},
		},
		"by kubectl from raw manifests": {version: "1.28.2", install: byKubectl, whose: "made by kubectl-create", equal: true},
		"by istioctl":                   {version: "1.29.1", install: byIstioctl, whose: "made by istio-operator", leftover: autoscaler},
	}
	for _, version := range istio.Versions() {
		all["by helm, version "+version] = installation{
			version: version, whose: "Helm release istiod in istio-system", equal: true,
			install: func(version string) { byHelm(version, same) },
		}
	}
	return all
}

var _ = Describe("Istio installed", func() {
	for name, other := range installations() {
		Context(name, Ordered, func() { behavesLikeAdoption(other) })
	}
})

func behavesLikeAdoption(other installation) {
	BeforeAll(func(ctx SpecContext) {
		// On K3s nodes the operator follows the platform, and these installations do not.
		env = New(ctx, WithoutCilium, func(o *cluster.Options) { o.KubeletVersion = "" })
		other.install(other.version)
		for _, workload := range []string{"deployment/istiod", "daemonset/istio-cni-node", "daemonset/ztunnel"} {
			env.Kubectl("rollout", "status", "-n", Namespace, workload, "--timeout=240s")
		}
		Expect(variables()).To(ContainElement(extra))
		env.StartOperator()
	})

	It("is not touched by default, and the status lists the conflicting objects and their owners", func() {
		mark := env.Cluster.Audit().Mark()
		env.Create(Sample("minimal.yaml", Version(other.version)))
		env.EventuallyPhase(v1.PhaseAborted)
		Expect(env.Mesh().Status.Message).To(And(ContainSubstring(other.whose), ContainSubstring("spec.onConflict to Force")))
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("is taken over by Force, without a restart where the pod templates are equal", func() {
		before := nodePods()
		env.Patch(`{"spec":{"onConflict":"Force"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		if other.equal {
			Expect(nodePods()).To(Equal(before))
		}
		Eventually(env.Events).Should(ContainElement(And(HavePrefix("TookOver: took over"), ContainSubstring(other.whose))))
	})

	It("loses what the new plan has not", func() {
		Expect(variables()).NotTo(ContainElement(extra))
		if other.leftover != "" {
			Eventually(func() string { return env.Kubectl("get", "hpa", "-n", Namespace, "-o", "name") }).ShouldNot(ContainSubstring(other.leftover))
			Eventually(env.Events).Should(ContainElement(And(HavePrefix("Pruned"), ContainSubstring("HorizontalPodAutoscaler istio-system/istiod"))))
		}
	})

	It("is the operator's from then on", func() {
		settled := env.Settled()
		env.Kubectl("delete", "serviceaccount", "-n", Namespace, "ztunnel")
		Eventually(func() error {
			_, err := env.TryKubectl("get", "serviceaccount", "-n", Namespace, "ztunnel")
			return err
		}).Should(Succeed())
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.MeshWrites(settled)).To(HaveLen(1))
	})

	It("stands in Helm's records under the operator's release names alone", func() {
		Eventually(func() []string {
			names := slices.Sorted(slices.Values(releases()))
			return names
		}).Should(Equal([]string{"istio-base", "istio-cni", "istiod", "ztunnel"}))
	})
}

// variables names the environment variables of istiod.
func variables() []string {
	GinkgoHelper()
	var names []string
	for _, variable := range env.Istiod().Spec.Template.Spec.Containers[0].Env {
		names = append(names, variable.Name)
	}
	return names
}
