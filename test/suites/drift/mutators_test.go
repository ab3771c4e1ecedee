// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// policiesIn is the version of the API that has MutatingAdmissionPolicies in a minor version of
// Kubernetes, v1 where it is not listed: https://kep.k8s.io/3962.
var policiesIn = map[string]string{"1.33": "v1alpha1", "1.34": "v1beta1", "1.35": "v1beta1"}

// policyVersion is that of the clusters of this run.
func policyVersion() string { return cmp.Or(policiesIn[os.Getenv(KubernetesVariable)], "v1") }

// withPolicies has the API server know MutatingAdmissionPolicies also where they are off by default.
func withPolicies(o *cluster.Options) {
	if version := policyVersion(); version != "v1" {
		o.APIServerArgs = []string{"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/" + version + "=true"}
	}
}

// policy is a MutatingAdmissionPolicy that is bound to the whole cluster.
func policy(name, resources, expression string) string {
	return `
apiVersion: admissionregistration.k8s.io/` + policyVersion() + `
kind: MutatingAdmissionPolicy
metadata: {name: ` + name + `}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {apiGroups: ["", apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [` + resources + `]}
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: |
        ` + expression + `
---
apiVersion: admissionregistration.k8s.io/` + policyVersion() + `
kind: MutatingAdmissionPolicyBinding
metadata: {name: ` + name + `}
spec: {policyName: ` + name + `}
---`
}

// What admission does to each write: it adds a label, a toleration, and in one case
// has images come from another registry.
var (
	labelling = policy("add-label", "deployments, daemonsets, configmaps, serviceaccounts, services",
		`has(object.metadata.labels) ? [JSONPatch{op: "add", path: "/metadata/labels/mutated", value: "yes"}] : []`)
	tolerating = policy("add-toleration", "deployments, daemonsets",
		`has(object.spec.template.spec.tolerations) ?
          (object.spec.template.spec.tolerations.exists(t, has(t.key) && t.key == "mutated") ? [] :
            [JSONPatch{op: "add", path: "/spec/template/spec/tolerations/-", value: {"key": "mutated", "operator": "Exists"}}]) :
          [JSONPatch{op: "add", path: "/spec/template/spec/tolerations", value: [{"key": "mutated", "operator": "Exists"}]}]`)
	rewriting = policy("rewrite-registry", "deployments, daemonsets",
		`object.spec.template.spec.containers[0].image.startsWith("docker.io/") ?
          [JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image",
            value: "mirror.example/" + object.spec.template.spec.containers[0].image.substring(10)}] : []`)
)

// admit puts policies into force, and waits until they are.
func admit(policies ...string) {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "policies.yaml")
	Expect(os.WriteFile(file, []byte(strings.Join(policies, "")), 0o600)).To(Succeed())
	env.Kubectl("apply", "-f", file)
	probe := []string{"create", "deployment", "probe", "--image=docker.io/probe:1", "--dry-run=server", "-o", "yaml"}
	for _, mark := range []struct{ policy, shows string }{
		{labelling, "mutated: \"yes\""}, {tolerating, "key: mutated"}, {rewriting, "mirror.example/probe"},
	} {
		if strings.Contains(strings.Join(policies, ""), mark.policy) {
			Eventually(func() string { return env.Kubectl(probe...) }).Should(ContainSubstring(mark.shows))
		}
	}
}

// images lists the first images of the workloads.
func images() []string {
	GinkgoHelper()
	var all []string
	for _, workload := range workloads {
		all = append(all, jsonpath(workload, ".spec.template.spec.containers[0].image"))
	}
	return all
}

var _ = Describe("Admission that changes what the operator writes", Ordered, ContinueOnFailure, func() {
	var running *Operator

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, withPolicies)
		admit(labelling, tolerating, rewriting)
		running = LaunchOperator(env.OperatorConfig())
		DeferCleanup(func() { running.Stop() })
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	It("does not keep the mesh from being complete, or lead to a second write", func() {
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.Events()).NotTo(ContainElement(HavePrefix("DriftCorrected")))
	})

	It("stays in force", func() {
		for _, workload := range append(workloads, "configmap/istio", "serviceaccount/ztunnel", "service/istiod") {
			Expect(jsonpath(workload, ".metadata.labels.mutated")).To(Equal("yes"), workload)
		}
		for _, workload := range workloads {
			Expect(jsonpath(workload, ".spec.template.spec.tolerations[*].key")).To(ContainSubstring("mutated"), workload)
		}
		Expect(images()).To(HaveEach(HavePrefix("mirror.example/istio/")))
	})

	It("changes nothing when the operator starts again", func() {
		before := env.VersionsOfOwned()
		mark := env.Settled()
		running.Stop()
		running = LaunchOperator(env.OperatorConfig())
		Eventually(func() int { return len(env.MeshWrites(mark)) }).Should(BeNumerically(">", 40))
		env.Settled()
		Expect(env.VersionsOfOwned()).To(Equal(before))
	})

	It("lets drift be reverted with one write", func() {
		mark := env.Settled()
		env.Kubectl("set", "image", "-n", Namespace, "daemonset/ztunnel", "istio-proxy=example.com/other:1", "--field-manager", "somebody")
		Eventually(images).Should(HaveEach(HavePrefix("mirror.example/istio/")))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(env.MeshWrites(mark)).To(HaveLen(1))
	})

	It("lets the mesh be upgraded", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(images()).To(HaveEach(And(HavePrefix("mirror.example/istio/"), ContainSubstring("1.29.1"))))
	})
})

var _ = Describe("Admission that begins to change a field of the operator's", Ordered, func() {
	It("leads to no ownership conflict", func(ctx SpecContext) {
		env = New(ctx, withPolicies)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		mark := env.Settled()
		admit(rewriting)
		for _, workload := range workloads { // Any write of anybody brings the other registry with it.
			env.Kubectl("annotate", "-n", Namespace, workload, "example.com/note=x", "--field-manager", "somebody")
		}
		Eventually(images).Should(HaveEach(HavePrefix("mirror.example/istio/")))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.ExpectQuiet(env.Settled(), Quiet)
		Expect(env.MeshWrites(mark)).To(BeEmpty(), "the API server counts the field as the operator's all the same")
		Expect(images()).To(HaveEach(HavePrefix("mirror.example/istio/")), "what admission wants is in force")
	})
})
