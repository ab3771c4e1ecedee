// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// parsed is a document of YAML.
func parsed(text string) (content map[string]any) {
	GinkgoHelper()
	Expect(yaml.Unmarshal([]byte(text), &content)).To(Succeed())
	return content
}

var _ = Describe("An object of a report", func() {
	It("has its identity, and no secrets, addresses or managed fields", func() {
		s := scrubber{values: values.NewRedactor([]values.Layer{layerOf("a: istiod")})}
		Expect(s.object(parsed(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: istiod
  managedFields: [{manager: x}]
  annotations: {operator.gloo.solo.io/paused: "true", other: text}
spec:
  env: [{name: A, value: text}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  args: [istiod, --token=abc]
  httpGet: {httpHeaders: [{name: X, value: text}]}
  values: {key: {list: [text, 1, true]}}
  replicas: 2
status: {podIP: 10.0.0.1, hostIPs: [{ip: 10.0.0.2}], phase: Running}
`))).To(Equal(parsed(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: istiod
  annotations: {operator.gloo.solo.io/paused: "true", other: "[redacted]"}
spec:
  env: [{name: A, value: "[redacted]"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  args: ["[a]", "--token=[redacted]"]
  httpGet: {httpHeaders: [{name: X, value: "[redacted]"}]}
  values: {key: {list: ["[redacted]", "[redacted]", "[redacted]"]}}
  replicas: 2
status: {phase: Running}
`)))
	})
})

var _ = Describe("An object that is rendered with values of users", func() {
	DescribeTable("keeps what it is without them too:", func(value, other, want string) {
		Expect(onlyCommon(parsed(value), parsed(other))).To(Equal(parsed(want)))
	},
		Entry("texts, numbers and booleans", "{a: x, b: 1, c: true}", "{a: x, b: 1, c: true}", "{a: x, b: 1, c: true}"),
		Entry("no other ones", "{a: x, b: 1, c: true, d: {e: z}}", "{a: y, b: 2, c: false}", `{a: "[redacted]", b: "[redacted]", c: "[redacted]", d: {e: "[redacted]"}}`),
		Entry("items of the same name", "{a: [{name: n, v: 1}, {name: m, v: 2}]}", "{a: [{name: m, v: 2}]}", `{a: [{name: "[redacted]", v: "[redacted]"}, {name: m, v: 2}]}`),
		Entry("items that are equal", "{a: [x, y]}", "{a: [y]}", `{a: ["[redacted]", y]}`),
		Entry("items of the same place", "{a: [{b: {c: 1, d: 2}}]}", "{a: [{b: {c: 1, d: 3}}]}", `{a: [{b: {c: 1, d: "[redacted]"}}]}`),
		Entry("lines of a text", `{a: "x: 1\n  y: 2\n- secret\nhttps://u:p@h\nz: 3\n"}`, `{a: "x: 1\n  y: 1\nz: 3\n"}`,
			`{a: "x: 1\n  y: [redacted]\n[redacted]\n[redacted]\nz: 3\n"}`),
		Entry("no object that is not there without them", "{a: {b: x}}", "{}", `{a: {b: "[redacted]"}}`),
	)
})
