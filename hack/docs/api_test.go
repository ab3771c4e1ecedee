// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

var _ = Describe("The API reference", func() {
	// tables are the tables of an object with those fields, as YAML.
	tables := func(text string) string {
		GinkgoHelper()
		object := &schema{}
		Expect(yaml.UnmarshalStrict([]byte(text), object)).To(Succeed())
		return fieldTables("spec", object)
	}
	const header = "| Field | Type | Default | Validation | Description |\n|---|---|---|---|---|\n"

	It("lists the required fields first, with what is required of each", func() {
		Expect(tables(`
required: [b]
properties:
  a: {type: string, default: X, enum: [X, Z], description: "a is\n  it."}
  b: {type: integer, minimum: 2, description: b | c}
  c: {type: string, minLength: 1, maxLength: 5, pattern: ^x$}
  d: {x-kubernetes-int-or-string: true, x-kubernetes-validations: [{rule: self != 1, message: d must not be 1}]}
  e: {type: array, maxItems: 3, items: {type: string}}
`)).To(Equal(header +
			"| `b` | integer |  | required; at least 2 | b \\| c |\n" +
			"| `a` | string | `X` | one of `X`, `Z` | a is it. |\n" +
			"| `c` | string |  | not empty; at most 5 characters; matches `^x$` |  |\n" +
			"| `d` | integer or string |  | d must not be 1 |  |\n" +
			"| `e` | list of strings |  | at most 3 items |  |\n\n"))
	})

	It("links to the tables of the objects in an object, and to the rules of each", func() {
		Expect(tables(`
properties:
  a: {type: object, properties: {b: {type: array, items: {type: object, properties: {c: {type: boolean}}}}}, x-kubernetes-validations: [{rule: x, message: only one}]}
`)).To(Equal(header + "| `a` | [object](#speca) |  | only one |  |\n\n" +
			"### spec.a\n\n- only one\n\n" + header + "| `b` | [list of objects](#specab) |  |  |  |\n\n" +
			"### spec.a.b[]\n\n" + header + "| `c` | boolean |  |  |  |\n\n"))
	})

	It("leaves the fields of Kubernetes' conditions to Kubernetes", func() {
		Expect(tables("properties: {a: {type: array, items: {type: object, properties: {lastTransitionTime: {type: string}}}}}")).
			To(Equal(header + "| `a` | " + conditions + " |  |  |  |\n\n"))
	})

	It("has the fields of the CRD", func() {
		text, err := apiFields()
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(And(
			ContainSubstring("\n| `version` | string |  | required; at least 5 characters; "),
			ContainSubstring("\n| `approve` | string | `Automatic` | one of `Automatic`, `Manual` | "),
			ContainSubstring("\n### status.history[]\n")))
	})
})
