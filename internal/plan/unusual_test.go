// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// What looks like bad input and is none.
var _ = DescribeTable("Unusual values are taken:", func(values string) {
	for _, version := range istio.Versions() {
		build(inputOf(ofVersion(version), withValues(values)))
	}
},
	Entry("a certificate of several lines", `{"pilot": {"jwksResolverExtraRootCA": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}}`),
	Entry("a script of several lines", `{"pilot": {"initContainers": [{"name": "a", "image": "b", "command": ["sh", "-c", "set -e\nsleep 1\n"]}]}}`),
	Entry("a template that names a value", `{"pilot": {"initContainers": [{"name": "a", "image": "{{ .Values.global.hub }}/a:{{ .Values.global.tag | quote }}"}]}}`),
	Entry("braces where nothing runs them", `{"pilot": {"podAnnotations": {"a": "{{ range until 1000000000 }}"}}}`),
	Entry("an injection template", `{"sidecarInjectorWebhook": {"templates": {"custom": "spec:\n  containers:\n  - name: istio-proxy\n"}}}`),
	Entry("what spec says anyway", `{"global": {"istioNamespace": "istio-system", "resourceScope": "all"}, "revision": "", "defaultRevision": "default"}`),
	Entry("numbers in quotes, booleans in quotes, numbers for texts", `{"pilot": {"replicaCount": "3", "autoscaleEnabled": "false", "env": {"A": 1}}}`),
	Entry("a percentage", `{"pilot": {"rollingMaxSurge": "50%"}}`),
	Entry("null", `{"pilot": {"affinity": null, "podLabels": null}}`),
	Entry("multus, whose definition stands in the namespace default", `{"cni": {"provider": "multus"}}`),
)

var _ = DescribeTable("Unusual texts of the ConfigMap are taken:", func(text string) {
	input := inputOf()
	input.Extensions = map[string]string{"values.istiod": text}
	Expect(env(istiodOf(build(input)).Spec.Template)).To(HaveKeyWithValue("A", "b"))
},
	Entry("line breaks of Windows", "env:\r\n  A: b\r\n"),
	Entry("an anchor and its alias", "podAnnotations: &a {A: b}\nenv: *a\n"),
	Entry("a merge key", "podAnnotations: &a {A: b}\nenv:\n  <<: *a\n"),
	Entry("a key that is a number", "podAnnotations:\n  1: c\nenv:\n  A: b\n"),
	Entry("a byte order mark", "\ufeffenv:\n  A: b\n"),
)

var _ = Describe("A pull secret that is to be copied", func() {
	input := inputOf(func(s *v1.ServiceMeshControllerSpec) { s.InstallNamespace = "mesh" })
	input.PullSecrets = []plan.PullSecret{{Name: "pull", From: "operator", Type: "kubernetes.io/dockerconfigjson", Data: map[string][]byte{".dockerconfigjson": []byte("{}")}}}

	It("is an object of the first component with what its source has", func() {
		secret := corev1.Secret{}
		Expect(json.Unmarshal(body(build(input), "Secret", "pull"), &secret)).To(Succeed())
		Expect(secret.Namespace).To(Equal("mesh"))
		Expect(secret.Type).To(Equal(corev1.SecretTypeDockerConfigJson))
		Expect(secret.Data).To(HaveKeyWithValue(".dockerconfigjson", []byte("{}")))
		Expect(secret.Labels).To(HaveKeyWithValue(v1.OwnerLabel, "managed-istio"))
		Expect(secret.Annotations).To(Equal(map[string]string{v1.CopiedFromAnnotation: "operator/pull"}), "it is none of Helm's")
	})

	It("changes the plan when its content does", func() {
		before := componentOf(build(input), v1.ComponentBase).Digest
		input.PullSecrets[0].Data = map[string][]byte{".dockerconfigjson": []byte(`{"auths":{}}`)}
		Expect(componentOf(build(input), v1.ComponentBase).Digest).NotTo(Equal(before))
	})
})
