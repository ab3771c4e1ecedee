// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
)

// mesh is a ServiceMeshController with that spec, in YAML.
func mesh(spec string) *unstructured.Unstructured {
	GinkgoHelper()
	return meshNamed("managed-istio", spec)
}

func meshNamed(name, spec string) *unstructured.Unstructured {
	GinkgoHelper()
	document := "apiVersion: operator.gloo.solo.io/v1\nkind: ServiceMeshController\nmetadata: {name: " + name + "}\nspec: " + spec
	content, err := yaml.YAMLToJSON([]byte(document))
	Expect(err).NotTo(HaveOccurred())
	object := &unstructured.Unstructured{}
	Expect(json.Unmarshal(content, &object.Object)).To(Succeed())
	return object
}

var _ = Describe("Admission", func() {
	It("sets the schema's defaults", func() {
		admitted, err := admission.Admit(mesh("{version: 1.29.1}"))
		Expect(err).NotTo(HaveOccurred())
		Expect(admitted.Warnings).To(BeEmpty())
		Expect(admitted.Object.Name).To(Equal("managed-istio"))
		Expect(admitted.Object.Spec).To(Equal(v1.ServiceMeshControllerSpec{
			Version: "1.29.1", DataplaneMode: v1.Ambient, InstallNamespace: "istio-system", Distribution: v1.Standard,
			ScalingProfile: v1.ScalingDefault, TrafficCaptureMode: v1.CaptureAuto, OnConflict: v1.Abort, GatewayAPI: v1.GatewayAPIAuto,
		}))
	})

	It("keeps what is set, and treats null as unset", func() {
		admitted, err := admission.Admit(mesh("{version: 1.29.1, dataplaneMode: Sidecar, scalingProfile: null, network: null}"))
		Expect(err).NotTo(HaveOccurred())
		Expect(admitted.Object.Spec.DataplaneMode).To(Equal(v1.Sidecar))
		Expect(admitted.Object.Spec.ScalingProfile).To(Equal(v1.ScalingDefault))
		Expect(admitted.Object.Spec.Network).To(BeEmpty())
	})

	It("keeps values as they are, nulls included", func() {
		admitted, err := admission.Admit(mesh("{version: 1.29.1, values: {anything: {goes: [1, null]}, cni: null}}"))
		Expect(err).NotTo(HaveOccurred())
		Expect(admitted.Warnings).To(BeEmpty())
		Expect(admitted.Object.Spec.Values.Raw).To(MatchJSON(`{"anything": {"goes": [1, null]}, "cni": null}`))
	})

	It("drops unknown fields with a warning each", func() {
		admitted, err := admission.Admit(mesh("{version: 1.29.1, verison: 1, image: {tag: x}}"))
		Expect(err).NotTo(HaveOccurred())
		Expect(admitted.Warnings).To(Equal([]string{`unknown field "spec.image.tag"`, `unknown field "spec.verison"`}))
	})

	It("ignores a namespace, since the kind has none", func() {
		object := mesh("{version: 1.29.1}")
		object.SetNamespace("gloo-system")
		admitted, err := admission.Admit(object)
		Expect(err).NotTo(HaveOccurred())
		Expect(admitted.Object.Namespace).To(BeEmpty())
	})

	It("leaves the object as it is", func() {
		object := mesh("{version: 1.29.1, unknown: 1}")
		_, err := admission.Admit(object)
		Expect(err).NotTo(HaveOccurred())
		Expect(object.Object["spec"]).To(Equal(map[string]any{"version": "1.29.1", "unknown": int64(1)}))
	})
})

var _ = DescribeTable("Admission refuses, in the API server's words,", func(spec, message string) {
	_, err := admission.Admit(mesh(spec))
	Expect(err).To(MatchError(`ServiceMeshController.operator.gloo.solo.io "managed-istio" is invalid: ` + message))
	Expect(apierrors.IsInvalid(err)).To(BeTrue())
},
	Entry("no version", "{}", "spec.version: Required value"),
	Entry("a version with a v", "{version: v1.29.1}",
		`spec.version: Invalid value: "v1.29.1": version must be a full Istio version without a leading v, such as 1.29.1`),
	Entry("a version that is a number", "{version: 1.29}", `spec.version: Invalid value: "number": spec.version in body must be of type string: "number"`),
	Entry("a version that is too short", "{version: '1.2'}", `spec.version: Invalid value: "1.2": spec.version in body should be at least 5 chars long`),
	Entry("an unknown enum", "{version: 1.29.1, dataplaneMode: ambient}",
		`spec.dataplaneMode: Unsupported value: "ambient": supported values: "Ambient", "Sidecar"`),
	Entry("a namespace that can be none", "{version: 1.29.1, installNamespace: Istio_System}",
		`spec.installNamespace: Invalid value: "Istio_System": installNamespace must be a namespace's name: lower-case letters, digits and -`),
	Entry("ambient with init containers", "{version: 1.29.1, trafficCaptureMode: InitContainer}",
		"spec: Invalid value: trafficCaptureMode InitContainer needs dataplaneMode Sidecar: ambient always captures traffic through istio-cni"),
	Entry("a repository with a password in its URL", "{version: 1.29.1, repository: {url: 'oci://me:password@charts'}}",
		`spec.repository.url: Invalid value: "oci://me:password@charts": repository.url must not contain a user, a password, a query or a fragment: `+
			"put credentials into repository.secrets"),
	Entry("a repository without TLS", "{version: 1.29.1, repository: {url: 'http://charts'}}",
		`spec.repository.url: Invalid value: "http://charts": repository.url must start with oci:// or https://`),
	Entry("values that are no section", "{version: 1.29.1, values: [a]}",
		`spec.values: Invalid value: "array": spec.values in body must be of type object: "array"`),
	Entry("a name that is too long", "{version: 1.29.1, network: "+strings.Repeat("n", 64)+"}", "spec.network: Too long: may not be more than 63 bytes"),
	Entry("too many secrets", "{version: 1.29.1, image: {secrets: ["+strings.Repeat("{name: a},", 17)+"]}}",
		"spec.image.secrets: Too many: 17: must have at most 16 items"),
	Entry("several mistakes at once", "{version: 1.29.1, distribution: A, onConflict: B}",
		`[spec.distribution: Unsupported value: "A": supported values: "Standard", "FIPS", spec.onConflict: Unsupported value: "B": supported values: "Abort", "Force"]`),
)

var _ = DescribeTable("Admission accepts", func(spec string) {
	_, err := admission.Admit(mesh(spec))
	Expect(err).NotTo(HaveOccurred())
},
	Entry("a version with a suffix", "{version: 1.29.1-alpha.1+solo}"),
	Entry("sidecars with init containers", "{version: 1.29.1, dataplaneMode: Sidecar, trafficCaptureMode: InitContainer}"),
	Entry("an OCI registry", "{version: 1.29.1, repository: {url: 'oci://charts'}}"),
	Entry("a Helm repository", "{version: 1.29.1, repository: {url: 'https://charts'}}"),
)

var _ = DescribeTable("Admission refuses the name", func(name, message string) {
	_, err := admission.Admit(meshNamed(name, "{version: 1.29.1}"))
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("that is missing", `""`, "metadata.name: Required value"),
	Entry("that is none", "Managed_Istio", "metadata.name: Invalid value"),
	Entry("that is no label value", strings.Repeat("n", 64), "the name is used as a label value: at most 63 characters"),
)

var _ = It("Every rule of the schema can be evaluated offline", func() {
	schema, err := admission.LoadSchema()
	Expect(err).NotTo(HaveOccurred())
	var rules []string
	visitor := structuralschema.Visitor{Structural: func(s *structuralschema.Structural) bool {
		for _, rule := range s.XValidations {
			rules = append(rules, rule.Rule)
		}
		return false
	}}
	visitor.Visit(schema)
	Expect(rules).NotTo(BeEmpty())
	for _, rule := range rules {
		_, err := admission.Evaluate(rule, nil)
		Expect(err).NotTo(HaveOccurred())
	}
})

var _ = It("A rule that cannot be evaluated offline is an error", func() {
	_, err := admission.Evaluate("size(self) > 3", "text")
	Expect(err).To(MatchError(ContainSubstring("size(self) > 3")))
})
