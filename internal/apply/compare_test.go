// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// content decodes YAML as an answer of the API server is decoded.
func content(text string) map[string]any {
	GinkgoHelper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	Expect(err).NotTo(HaveOccurred())
	object := map[string]any{}
	Expect(json.Unmarshal(encoded, &object)).To(Succeed())
	return object
}

func named(name string) any { return map[string]any{"name": name} }

var _ = DescribeTable("Two states of an object differ", func(before, after string, want ...Field) {
	Expect(slices.Concat(differing(content(before), content(after)))).To(Equal(slices.Concat(want)))
},
	Entry("not at all when they are the same", "data: {a: b, c: [1, {d: 2}]}", "data: {a: b, c: [1, {d: 2}]}"),
	Entry("in a value", "data: {a: x, b: z}", "data: {a: w, b: z}", Field{Path: ".data.a", Before: "x", After: "w"}),
	Entry("in a value that comes", "data: {}", "data: {a: 1}", Field{Path: ".data.a", After: int64(1)}),
	Entry("in a section that goes", "data: {a: {b: c}}", "data: {}", Field{Path: ".data.a", Before: map[string]any{"b": "c"}}),
	Entry("in a value that becomes a section", "a: 1", "a: {b: c}", Field{Path: ".a", Before: int64(1), After: map[string]any{"b": "c"}}),
	Entry("in several fields, told in their order", "b: 1\nc: {e: 1, d: 1}\na: 1", "b: 2\nc: {e: 2, d: 2}\na: 2",
		Field{Path: ".a", Before: int64(1), After: int64(2)}, Field{Path: ".b", Before: int64(1), After: int64(2)},
		Field{Path: ".c.d", Before: int64(1), After: int64(2)}, Field{Path: ".c.e", Before: int64(1), After: int64(2)}),
	Entry("in an item of a list with names, wherever it stands", "env: [{name: A, value: x}, {name: B, value: w}]", "env: [{name: B, value: z}, {name: A, value: x}]",
		Field{Path: `.env[name="B"].value`, Before: "w", After: "z"}),
	Entry("in an item that comes into a list with names", "env: [{name: A}]", "env: [{name: C}, {name: A}]",
		Field{Path: `.env[name="C"]`, After: map[string]any{"name": "C"}}),
	Entry("in a port, by number and protocol", "ports: [{containerPort: 1, protocol: TCP}]", "ports: [{containerPort: 1, protocol: TCP, hostPort: 3}]",
		Field{Path: `.ports[containerPort=1,protocol="TCP"].hostPort`, After: int64(3)}),
	Entry("in an item of a list without keys, by its place", "args: [a, b, c]", "args: [a, x, c]",
		Field{Path: ".args[1]", Before: "b", After: "x"}),
	Entry("in an item that comes first into a list without keys", "args: [a, b]", "args: [x, a, b]", Field{Path: ".args[0]", After: "x"}),
	Entry("in an item that stands once less", "args: [a, b, a]", "args: [a, b]", Field{Path: ".args[2]", Before: "a"}),
	Entry("in a name that stands twice: no key", "l: [{name: a}, {name: a, b: 1}]", "l: [{name: a}, {name: a, b: 2}]",
		Field{Path: ".l[1]", Before: map[string]any{"name": "a", "b": int64(1)}, After: map[string]any{"name": "a", "b": int64(2)}}),
	Entry("in a list whose order alone is another", "l: [{name: a}, {name: b}]", "l: [{name: b}, {name: a}]",
		Field{Path: ".l", Before: []any{named("a"), named("b")}, After: []any{named("b"), named("a")}}),
	Entry("not in what the API server counts and dates",
		"metadata: {generation: 1, resourceVersion: '1', uid: a, creationTimestamp: b, managedFields: [a]}\nstatus: {a: b}",
		"metadata: {generation: 2, resourceVersion: '2', uid: b, creationTimestamp: c, managedFields: [b]}"),
	Entry("not in a DaemonSet's counter", "metadata: {annotations: {deprecated.daemonset.template.generation: '1', a: b}}",
		"metadata: {annotations: {deprecated.daemonset.template.generation: '2', a: c}}", Field{Path: ".metadata.annotations.a", Before: "b", After: "c"}),
)

// between compares two states of an object of that kind.
func between(gvk schema.GroupVersionKind, before, after string) *Difference {
	GinkgoHelper()
	return compare(object.Key{GVK: gvk, Namespace: "n", Name: "x"},
		&unstructured.Unstructured{Object: content(before)}, &unstructured.Unstructured{Object: content(after)})
}

var _ = DescribeTable("Pods restart", func(gvk schema.GroupVersionKind, before, after string, restarts bool) {
	Expect(between(gvk, before, after).RestartsPods).To(Equal(restarts))
},
	Entry("when a Deployment's template changes", object.Deployment.GVK, "spec: {template: {spec: {a: 1}}}", "spec: {template: {spec: {a: 2}}}", true),
	Entry("when a DaemonSet's template changes", object.DaemonSet.GVK, "spec: {template: {metadata: {}}}", "spec: {template: {metadata: {a: 2}}}", true),
	Entry("not when a Deployment's replicas do", object.Deployment.GVK, "spec: {replicas: 1}", "spec: {replicas: 2}", false),
	Entry("not when it is a template of something else", object.CustomResourceDefinition.GVK, "spec: {template: {a: 1}}", "spec: {template: {a: 2}}", false),
)

var _ = Describe("A comparison", func() {
	It("is none where nothing differs", func() {
		Expect(between(object.Deployment.GVK, "spec: {a: 1}\nstatus: {b: 1}", "spec: {a: 1}")).To(BeNil())
	})

	It("names what differs of a Secret and hides it", func() {
		Expect(between(object.Secret.GVK, "data: {password: aHVudGVyMg==}", "data: {password: b3RoZXI=}\ntype: Opaque").Fields).To(Equal([]Field{
			{Path: ".data.password", Hidden: true}, {Path: ".type", Hidden: true}}))
	})
})

var _ = DescribeTable("The summary says", func(want string, differences ...Difference) {
	Expect(Summary(differences)).To(Equal(want))
},
	Entry("that nothing changes", "nothing changes"),
	Entry("one", "1 object added; no pods restart", Difference{Effect: EffectAdded}),
	Entry("how many of each, and which pods restart",
		"2 objects added, 2 changed, 1 removed; pods restart: Deployment n/a, DaemonSet n/b",
		Difference{Effect: EffectRemoved}, Difference{Effect: EffectAdded}, Difference{Effect: EffectAdded},
		Difference{Key: object.Key{GVK: object.Deployment.GVK, Namespace: "n", Name: "a"}, Effect: EffectChanged, RestartsPods: true},
		Difference{Key: object.Key{GVK: object.DaemonSet.GVK, Namespace: "n", Name: "b"}, Effect: EffectChanged, RestartsPods: true}),
	Entry("none of what there is none of", "1 object changed, 3 removed; no pods restart",
		Difference{Effect: EffectChanged}, Difference{Effect: EffectRemoved}, Difference{Effect: EffectRemoved}, Difference{Effect: EffectRemoved}),
)
