// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

var _ = DescribeTable("Where nodes may be left out, a rollout has room for", func(nodes string, expected any) {
	limit := intstr.Parse(nodes)
	room := func(path ...string) any {
		value, _ := tagAt(strategies(&v1.Upgrade{MaxUnavailableNodes: &limit}), path)
		return value
	}
	for _, at := range [][]string{{"cni", "updateStrategy", "rollingUpdate", "maxUnavailable"}, {"ztunnel", "updateStrategy", "rollingUpdate", "maxSurge"}} {
		if expected == nil {
			Expect(room(at...)).To(BeNil())
		} else {
			Expect(room(at...)).To(Equal(expected))
		}
	}
},
	Entry("one more than one", "1", int64(2)),
	Entry("what the chart says, where none may be", "0", nil),
	Entry("what the chart says, where the number is none", "-1", nil),
	Entry("one percent more", "20%", "21%"),
	Entry("all, where all may be", "100%", "100%"),
	Entry("what the chart says, of zero percent", "0%", nil),
	Entry("what the chart says, of what is no number", "some", nil),
)

var _ = It("Where no nodes may be left out, a rollout has the room that the chart gives it", func() {
	Expect(strategies(nil)).To(BeEmpty())
	Expect(strategies(&v1.Upgrade{AllowDowngrade: true})).To(BeEmpty())
})

var _ = DescribeTable("A template in init containers", func(allowed bool, content any) {
	err := checkTemplates(values.Tree{Values: tree{"pilot": tree{"initContainers": content}}})
	if allowed {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(Equal(&TemplateError{Path: "pilot.initContainers"}))
	}
},
	Entry("may be none", true, nil),
	Entry("may name values", true, []any{tree{"image": "{{ .Values.global.hub }}/x", "name": `{{- $.Release.Name | quote -}}`}}),
	Entry("may not run functions", false, []any{tree{"image": `{{ repeat 99 "x" }}`}}),
	Entry("may not run functions in a key", false, []any{tree{`{{ repeat 99 "x" }}`: "x"}}),
	Entry("may not hide one behind another", false, []any{"{{ .Values.a }}{{ range }}"}),
	Entry("may not hide one in a later item", false, []any{"x", tree{"a": "x", "b": []any{"{{ range }}"}}}),
	Entry("may name 32 values", true, []any{strings.Repeat("{{ .Values.a }}", 16), tree{strings.Repeat("{{ .Values.a }}", 8): strings.Repeat("{{ .Values.a }}", 8)}}),
	Entry("may not name 33", false, []any{strings.Repeat("{{ .Values.a }}", 17), tree{strings.Repeat("{{ .Values.a }}", 8): strings.Repeat("{{ .Values.a }}", 8)}}),
)

var _ = DescribeTable("A reserved value", func(allowed bool, component string, written tree) {
	merged := values.Tree{Values: written, Origin: map[string]string{}}
	err := checkReserved(component, merged, Input{Spec: v1.ServiceMeshControllerSpec{InstallNamespace: "mesh"}})
	if allowed {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(BeAssignableToTypeOf(&ReservedError{}))
	}
},
	Entry("may be what spec says", true, v1.ComponentIstiod, tree{"global": tree{"istioNamespace": "mesh"}}),
	Entry("may be null", true, v1.ComponentIstiod, tree{"global": tree{"istioNamespace": nil}}),
	Entry("may not be something else", false, v1.ComponentIstiod, tree{"global": tree{"istioNamespace": "istio-system"}}),
	Entry("may not be a section", false, v1.ComponentIstiod, tree{"global": tree{"istioNamespace": tree{}}}),
	Entry("may be an empty list", true, v1.ComponentBase, tree{"base": tree{"excludedCRDs": []any{}}}),
	Entry("may not be a list", false, v1.ComponentBase, tree{"base": tree{"excludedCRDs": []any{"a"}}}),
	Entry("of one chart is free in another", true, v1.ComponentIstiod, tree{"resourceName": "x"}),
	Entry("of that chart is not", false, v1.ComponentZtunnel, tree{"resourceName": "x"}),
	Entry("may be each of several", true, v1.ComponentZtunnel, tree{"resourceName": v1.ComponentZtunnel}),
)

var _ = DescribeTable("The layer of a reserved value is", func(origin map[string]string, expected string) {
	Expect(originOf(values.Tree{Origin: origin}, []string{"a", "b"})).To(Equal(expected))
},
	Entry("that of the value", map[string]string{"a.a": "x", "a.b": "y", "a.c": "z"}, "y"),
	Entry("that of the first value below it", map[string]string{"a.b.d": "x", "a.b.c": "y"}, "y"),
	Entry("that of users where no layer is known", map[string]string{"a.bc": "x", "a": "y"}, layerValues),
)

var _ = DescribeTable("The line of a value in a text is", func(text, path string, line int) {
	Expect(lineOf(text, path)).To(Equal(line))
},
	Entry("that of its key", "a: 1\nb:\n  c: 2\n  d: 3\n", "b.d", 4),
	Entry("that of the last part that is there", "a: 1\nb:\n  c: 2\n", "b.x", 2),
	Entry("that of the rest, where the text leaves the chart's section out", "a: 1\nenv: 2\n", "pilot.env", 2),
	Entry("unknown in an empty text", "", "a", 0),
	Entry("unknown where nothing is there", "a: 1\n", "b", 0),
	Entry("unknown in what is no YAML", "a: [", "a", 0),
	Entry("not that of a value which is named so", "b: a\na: 1\n", "a", 2),
)

var _ = It("An error of the extensions names the key, and the line where it is known", func() {
	Expect((&ExtensionsError{Key: "values.istiod", Line: 1, cause: errMake}).Error()).To(Equal("ConfigMap gloo-extensions-config, key values.istiod, line 1: cannot be made"))
	Expect((&ExtensionsError{Key: "values.istiod", cause: errMake}).Error()).To(Equal("ConfigMap gloo-extensions-config, key values.istiod: cannot be made"))
})

var _ = DescribeTable("Users say the platform", func(layers []values.Layer, platform string, given bool) {
	found, ok := platformOf(layers)
	Expect(found).To(Equal(platform))
	Expect(ok).To(Equal(given))
},
	Entry("nowhere", []values.Layer{{Values: tree{"global": tree{"hub": "x"}}}}, "", false),
	Entry("at the root", []values.Layer{{Values: tree{"platform": "k3s"}}}, "k3s", true),
	Entry("in global", []values.Layer{{Values: tree{"global": tree{"platform": "k3s"}}}}, "k3s", true),
	Entry("in global rather than at the root", []values.Layer{{Values: tree{"platform": "gke", "global": tree{"platform": "k3s"}}}}, "k3s", true),
	Entry("in the last layer", []values.Layer{{Values: tree{"platform": "gke"}}, {Values: tree{"platform": "k3s"}}, {Values: tree{}}}, "k3s", true),
	Entry("as none", []values.Layer{{Values: tree{"platform": ""}}}, "", true),
)

var _ = DescribeTable("A value of users is", func(origin, expected string) {
	c := Component{Values: values.Tree{Values: tree{"a": tree{"b": "x"}}, Origin: map[string]string{"a.b": origin}}}
	Expect(c.UserValue("a", "b")).To(Equal(expected))
	Expect(c.UserValue("a")).To(BeEmpty())
},
	Entry("one of spec.values", layerValues, "x"),
	Entry("one of the extensions", layerExtensions+" values.istiod", "x"),
	Entry("none of a profile", layerProfile, ""),
)

var _ = It("A copy of a pull secret has its type and data, and says where it is from", func() {
	made := copyOf(PullSecret{Name: "pull", From: "operator", Type: "t", Data: map[string][]byte{"a": []byte("b")}}, "mesh")
	Expect(made.Object).To(Equal(tree{
		"apiVersion": "v1", "kind": "Secret", "type": "t", "data": tree{"a": "Yg=="},
		"metadata": tree{"name": "pull", "namespace": "mesh", "annotations": tree{v1.CopiedFromAnnotation: "operator/pull"}},
	}))
})

var _ = DescribeTable("A message of the YAML parser quotes no value", func(message, expected string) {
	Expect(unquoted(message)).To(Equal(expected))
},
	Entry("that stands for another", "yaml: unknown anchor 'secret' referenced", "yaml: a string that begins with * must be quoted"),
	Entry("that is a key", "error converting YAML to JSON: yaml: invalid map key: map[secret:\nx]", "yaml: a key must be a string"),
	Entry("that it cannot decode", "yaml: cannot decode !!str `secret` into a map", "yaml: cannot decode !!str a string into a map"),
)

var _ = It("What is no YAML is refused before its aliases expand", func() {
	_, err := toJSON("a: &x 1\nb: *secret\n")
	Expect(err).To(MatchError("yaml: a string that begins with * must be quoted"))
})

var _ = DescribeTable("A mounted ConfigMap is read", func(name string, atStart bool) {
	Expect(readAtStart(name)).To(Equal(atStart))
},
	Entry("when istio-cni starts", "istio-cni-config", true),
	Entry("when istiod starts", "pilot-jwks-extra-cacerts", true),
	Entry("while istiod runs: its mesh config", "istio", false),
	Entry("while istiod runs: its templates", "istio-sidecar-injector", false),
	Entry("while istiod runs: its defaults for Gateways", "istio-istiod-gatewayclass-istio", false),
	Entry("by istioctl", "values", false),
	Entry("at the start where nothing is known of it", "another", true),
)
