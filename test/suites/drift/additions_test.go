// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// adder is the field manager of somebody who adds things.
const adder = "somebody-who-adds"

// certificate stands for a caBundle: the API server asks for base64 of PEM.
const certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJmVENDQVNPZ0F3SUJBZ0lSQUlMRU1RPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

// What others add: who adds it, and what a path of the cluster must answer later.
var workloads = []string{"deployment/istiod", "daemonset/istio-cni-node", "daemonset/ztunnel"}

// jsonpath reads a field of an object of the install namespace.
func jsonpath(object, path string) string {
	GinkgoHelper()
	return env.Kubectl("get", "-n", Namespace, object, "-o", "jsonpath={"+path+"}")
}

// merge patches an object of the install namespace as somebody who adds things.
func merge(object, kind, patch string) {
	GinkgoHelper()
	env.Kubectl("patch", "-n", Namespace, object, "--type", kind, "-p", patch, "--field-manager", adder)
}

// addMetadata puts a label and an annotation on every object of the mesh.
func addMetadata(targets []target) {
	GinkgoHelper()
	for _, t := range targets {
		patch := `{"metadata":{"labels":{"team":"network"},"annotations":{"example.com/note":"x"}}}`
		Expect(env.API.Patch(context.Background(), t.live.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner(adder))).To(Succeed())
	}
}

// addToPods adds a variable, a sidecar and a toleration to all workloads. The
// tolerations of a pod are one value to the API server: who adds takes all of it.
func addToPods() {
	GinkgoHelper()
	for _, workload := range workloads {
		env.Kubectl("set", "env", "-n", Namespace, workload, "THEIRS=1", "--field-manager", adder)
		merge(workload, "strategic", `{"spec":{"template":{"spec":{"containers":[{"name":"theirs","image":"example.com/theirs:1"}]}}}}`)
		merge(workload, "json", `[{"op":"add","path":"/spec/template/spec/tolerations/-","value":{"key":"theirs","operator":"Exists"}}]`)
	}
}

// serveWebhooks does what istiod does once it can answer: it puts its certificate
// into the configurations, and lets the validating ones fail.
func serveWebhooks() {
	GinkgoHelper()
	istiod := client.FieldOwner("pilot-discovery")
	Expect(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		mutating := Get(env, &admissionv1.MutatingWebhookConfiguration{}, "istio-sidecar-injector")
		for i := range mutating.Webhooks {
			mutating.Webhooks[i].ClientConfig.CABundle = decoded(certificate)
		}
		return env.API.Update(context.Background(), mutating, istiod)
	})).To(Succeed())
	for _, name := range []string{"istio-validator-istio-system", "istiod-default-validator"} {
		Expect(retry.RetryOnConflict(retry.DefaultRetry, func() error {
			validating := Get(env, &admissionv1.ValidatingWebhookConfiguration{}, name)
			fail := admissionv1.Fail
			for i := range validating.Webhooks {
				validating.Webhooks[i].ClientConfig.CABundle = decoded(certificate)
				validating.Webhooks[i].FailurePolicy = &fail
			}
			return env.API.Update(context.Background(), validating, istiod)
		})).To(Succeed())
	}
}

func decoded(text string) []byte {
	GinkgoHelper()
	var content []byte
	Expect(json.Unmarshal([]byte(`"`+text+`"`), &content)).To(Succeed())
	return content
}

// serviceAccounts lists those of the mesh.
func serviceAccounts() []string {
	GinkgoHelper()
	return strings.Fields(env.Kubectl("get", "serviceaccount", "-n", Namespace, "-l", v1.OwnerLabel, "-o", "name"))
}

var _ = Describe("What others add to the mesh", Ordered, ContinueOnFailure, func() {
	mesh := Sample("minimal.yaml", Values(everything))
	targets := targetsOf(mesh)
	var before cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(mesh.DeepCopy())
		before = env.Settled()
		addMetadata(targets)
		addToPods()
		serveWebhooks()
		for _, account := range serviceAccounts() {
			merge(account, "merge", `{"imagePullSecrets":[{"name":"theirs"}]}`)
		}
		merge("configmap/istio", "merge", `{"data":{"theirs":"x"}}`)
		merge("service/istiod", "strategic", `{"spec":{"ports":[{"name":"theirs","port":9999,"protocol":"TCP"}]}}`)
		env.Kubectl("scale", "-n", Namespace, "deployment/istiod", "--replicas=4") // As an autoscaler: by the scale subresource.
		Eventually(func() string { return jsonpath("deployment/istiod", ".status.readyReplicas") }).Should(Equal("4"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	It("leads to no write to the mesh", func() { Expect(env.MeshWrites(before)).To(BeEmpty()) })

	It("leads to no event about drift", func() { Expect(env.Events()).NotTo(ContainElement(HavePrefix("DriftCorrected"))) })

	for _, t := range targets {
		It("stays: label and annotation of "+t.name, func(ctx SpecContext) {
			live, err := read(ctx, t.live)
			Expect(err).NotTo(HaveOccurred())
			Expect(live.GetLabels()).To(HaveKeyWithValue("team", "network"))
			Expect(live.GetAnnotations()).To(HaveKeyWithValue("example.com/note", "x"))
		})
	}

	for _, workload := range workloads {
		It("stays: variable, sidecar and toleration of "+workload, func() {
			Expect(jsonpath(workload, ".spec.template.spec.tolerations[*].key")).To(ContainSubstring("theirs"))
			Expect(jsonpath(workload, `.spec.template.spec.containers[*].env[?(@.name=="THEIRS")].value`)).To(HavePrefix("1"))
			Expect(jsonpath(workload, ".spec.template.spec.containers[*].name")).To(ContainSubstring("theirs"))
		})
	}

	It("stays: image pull secrets of ServiceAccounts", func() {
		accounts := serviceAccounts()
		Expect(accounts).To(HaveLen(4))
		for _, account := range accounts {
			Expect(jsonpath(account, ".imagePullSecrets[*].name")).To(Equal("theirs"), account)
		}
	})

	It("stays: key of a ConfigMap, port of a Service", func() {
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data).To(HaveKeyWithValue("theirs", "x"))
		Expect(Get(env, &corev1.Service{}, "istiod").Spec.Ports).To(ContainElement(HaveField("Name", "theirs")))
	})

	It("stays: caBundle and failurePolicy of webhooks", func() {
		for _, hook := range Get(env, &admissionv1.MutatingWebhookConfiguration{}, "istio-sidecar-injector").Webhooks {
			Expect(hook.ClientConfig.CABundle).To(Equal(decoded(certificate)), hook.Name)
		}
		for _, name := range []string{"istio-validator-istio-system", "istiod-default-validator"} {
			for _, hook := range Get(env, &admissionv1.ValidatingWebhookConfiguration{}, name).Webhooks {
				Expect(hook.ClientConfig.CABundle).To(Equal(decoded(certificate)), hook.Name)
				Expect(*hook.FailurePolicy).To(Equal(admissionv1.Fail), hook.Name)
			}
		}
	})

	It("stays: replicas that an autoscaler sets", func() {
		Expect(*env.Istiod().Spec.Replicas).To(BeEquivalentTo(4))
	})

	It("stays when something beside it is reverted", func() {
		mark := env.Settled()
		for _, workload := range workloads {
			container := jsonpath(workload, `.spec.template.spec.containers[?(@.name!="theirs")].name`)
			env.Kubectl("set", "image", "-n", Namespace, workload, container+"=example.com/other:1", "--field-manager", "somebody")
		}
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(env.MeshWrites(mark)).To(HaveLen(len(workloads)), fmt.Sprint(workloads))
		for _, workload := range workloads {
			Expect(jsonpath(workload, ".spec.template.spec.containers[*].image")).NotTo(ContainSubstring("other"))
			Expect(jsonpath(workload, ".spec.template.spec.containers[*].name")).To(ContainSubstring("theirs"))
			Expect(jsonpath(workload, ".spec.template.spec.tolerations[*].key")).To(ContainSubstring("theirs"))
		}
		Expect(*env.Istiod().Spec.Replicas).To(BeEquivalentTo(4))
	})

	It("stays: image pull secrets beside those of spec.image.secrets", func() {
		secrets := func() []string {
			var all []string
			for _, account := range serviceAccounts() {
				all = append(all, jsonpath(account, ".imagePullSecrets[*].name"))
			}
			return all
		}
		env.Patch(`{"spec":{"image":{"secrets":[{"name":"ours"}]}}}`)
		Eventually(secrets).Should(HaveEach("ours"), "what the plan asks for is not there yet")
		env.EventuallyPhase(v1.PhaseSucceeded)
		mark := env.Settled()
		for _, account := range serviceAccounts() {
			merge(account, "json", `[{"op":"add","path":"/imagePullSecrets/-","value":{"name":"theirs"}}]`)
		}
		env.ExpectQuiet(mark, Quiet)
		Expect(secrets()).To(HaveEach("ours theirs"))
		merge("serviceaccount/ztunnel", "merge", `{"imagePullSecrets":[{"name":"theirs"}]}`)
		Eventually(secrets).Should(ContainElement("ours"), "what they replace is restored")
	})

	It("does not stand for what it replaces", func() {
		env.Kubectl("patch", "-n", Namespace, "daemonset/ztunnel", "--type", "merge", "-p",
			`{"spec":{"template":{"spec":{"tolerations":[{"key":"theirs","operator":"Exists"}]}}}}`, "--field-manager", adder)
		Eventually(func() string { return jsonpath("daemonset/ztunnel", ".spec.template.spec.tolerations[*].key") }).Should(ContainSubstring("CriticalAddonsOnly"))
		Eventually(env.Events).Should(ContainElement(And(
			HavePrefix("DriftCorrected: DaemonSet istio-system/ztunnel: "), ContainSubstring(".spec.template.spec.tolerations"))))
	})
})
