// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"errors"
	"slices"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

type tree = map[string]any

// chartOf is a chart named probe with those templates and values, and other files by
// name and content.
func chartOf(values string, templates map[string]string, others ...string) *helm.Chart {
	GinkgoHelper()
	files := fstest.MapFS{
		"charts/probe/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: probe\nversion: 1.0.0\n")},
		"charts/probe/values.yaml": {Data: []byte(values)},
	}
	for name, content := range templates {
		files["charts/probe/templates/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	for pair := range slices.Chunk(others, 2) {
		files["charts/probe/"+pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	chart, err := helm.Load(files, "charts/probe", "1.29.1")
	Expect(err).NotTo(HaveOccurred())
	return chart
}

// istiod is the newest release's chart.
func istiod() *helm.Chart {
	GinkgoHelper()
	releases := istio.Releases()
	newest := releases[len(releases)-1]
	chart, err := helm.Load(newest.Charts, "charts/istio-control/istio-discovery", newest.Version)
	Expect(err).NotTo(HaveOccurred())
	return chart
}

func request(values tree) helm.Request {
	return helm.Request{Release: "probe", Namespace: "istio-system", Values: values}
}

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  color: {{ .Values.color }}
`

var _ = Describe("Loading", func() {
	It("stamps the version on the chart", func() {
		chart := chartOf("", map[string]string{"a.yaml": "kind: A\nmetadata: {name: '{{ .Chart.Version }}-{{ .Chart.AppVersion }}'}"})
		_, objects, err := chart.Render(request(nil))
		Expect(err).NotTo(HaveOccurred())
		Expect(chart.Name()).To(Equal("probe"))
		Expect(objects[0].GetName()).To(Equal("1.29.1-1.29.1"))
	})

	It("names the chart that is not there", func() {
		_, err := helm.Load(fstest.MapFS{}, "charts/nothing", "1.29.1")
		Expect(err).To(MatchError(ContainSubstring("reading chart nothing")))
	})

	It("names the chart that is broken", func() {
		_, err := helm.Load(fstest.MapFS{"charts/probe/Chart.yaml": {Data: []byte("a: [")}}, "charts/probe", "1.29.1")
		Expect(err).To(MatchError(ContainSubstring("loading chart probe")))
	})
})

var _ = Describe("Rendering", func() {
	It("merges the values over the chart's own", func() {
		chart := chartOf("color: red\n", map[string]string{"a.yaml": configMap})
		_, objects, err := chart.Render(request(tree{"color": "blue"}))
		Expect(err).NotTo(HaveOccurred())
		Expect(objects[0].Object).To(HaveKeyWithValue("data", tree{"color": "blue"}))
	})

	It("keeps the chart as it was", func() {
		chart := istiod()
		before, _, err := chart.Render(request(nil))
		Expect(err).NotTo(HaveOccurred())
		first, err := before.Manifest()
		Expect(err).NotTo(HaveOccurred())
		_, _, err = chart.Render(request(tree{"profile": "ambient", "global": tree{"platform": "openshift"}}))
		Expect(err).NotTo(HaveOccurred())
		after, _, err := chart.Render(request(nil))
		Expect(err).NotTo(HaveOccurred())
		Expect(after.Manifest()).To(Equal(first))
	})

	It("keeps the values as they were", func() {
		values := tree{"global": tree{"hub": "docker.io/istio"}, "profile": "ambient"}
		_, _, err := istiod().Render(request(values))
		Expect(err).NotTo(HaveOccurred())
		Expect(values).To(Equal(tree{"global": tree{"hub": "docker.io/istio"}, "profile": "ambient"}))
	})

	It("makes the same text each time, files in order", func() {
		chart := chartOf("", map[string]string{
			"c.yaml": "kind: C\nmetadata: {name: c}", "a.yaml": "kind: A\nmetadata: {name: a}\n---\n# nothing\n---\nkind: A\nmetadata: {name: b}",
			"b.yaml": "\n", "NOTES.txt": "Thank you", "_helpers.tpl": "text",
		})
		for range 20 {
			rendered, objects, err := chart.Render(request(nil))
			Expect(err).NotTo(HaveOccurred())
			Expect(objects).To(HaveLen(3))
			Expect(rendered.Manifest()).To(Equal("---\n# Source: probe/templates/a.yaml\nkind: A\nmetadata: {name: a}\n" +
				"---\n# Source: probe/templates/a.yaml\nkind: A\nmetadata: {name: b}\n" +
				"---\n# Source: probe/templates/c.yaml\nkind: C\nmetadata: {name: c}\n"))
		}
	})

	It("shows charts the Kubernetes version", func() {
		chart := chartOf("", map[string]string{"a.yaml": "kind: A\nmetadata: {name: '{{ .Capabilities.KubeVersion.Minor }}'}"})
		with := request(nil)
		with.KubernetesVersion = "v1.34.2+k3s1"
		_, objects, err := chart.Render(with)
		Expect(err).NotTo(HaveOccurred())
		Expect(objects[0].GetName()).To(Equal("34"))
	})

	It("refuses a Kubernetes version that is none", func() {
		with := request(nil)
		with.KubernetesVersion = "newest"
		_, _, err := chartOf("", nil).Render(with)
		Expect(err).To(MatchError(ContainSubstring(`reading the Kubernetes version "newest"`)))
	})

	It("reads whole numbers as whole numbers", func() {
		chart := chartOf("", map[string]string{"a.yaml": "kind: A\nmetadata: {name: a}\nspec: {replicas: 2}"})
		_, objects, err := chart.Render(request(nil))
		Expect(err).NotTo(HaveOccurred())
		Expect(objects[0].Object["spec"]).To(Equal(tree{"replicas": int64(2)}))
	})
})

var _ = DescribeTable("A template that fails says", func(message, template string, values tree) {
	_, _, err := chartOf("color: red\n", map[string]string{"a.yaml": template}).Render(request(values))
	Expect(err).To(MatchError("rendering chart probe: " + message))
},
	Entry("what the chart says, on one line", "no such color: pink", "{{ fail (printf \"no such\\ncolor: %s\" .Values.color) }}", tree{"color": "pink"}),
	Entry("what is required", "color is required", `{{ required "color is required" .Values.colour }}`, nil),
	Entry("where a value is of the wrong kind", "probe/templates/a.yaml:1: at <.Values.color.hue>: can't evaluate field hue in type interface {}",
		"{{ .Values.color.hue }}", nil),
	Entry("that the YAML is broken", "probe/templates/a.yaml: the values produce invalid YAML: yaml: line 6: mapping values are not allowed in this context",
		configMap, tree{"color": "a: b"}),
	Entry("that the text is no object", "probe/templates/a.yaml: the values produce a document that is not an object: json: cannot unmarshal array into Go value of type map[string]interface {}",
		"[{{ .Values.color }}]", nil),
	Entry("that the object has no name", "probe/templates/a.yaml: the values produce an object without kind or name",
		"kind: ConfigMap", nil),
)

var _ = DescribeTable("Istio's own chart refuses", func(values tree, message string) {
	_, _, err := istiod().Render(request(values))
	Expect(err).To(MatchError(ContainSubstring(message)))
	Expect(len(err.Error())).To(BeNumerically("<", 200), "short enough for a condition: %v", err)
	Expect(err.Error()).NotTo(ContainSubstring("\n"))
},
	Entry("an unknown platform", tree{"global": tree{"platform": "nowhere"}}, "rendering chart istiod: unknown platform nowhere"),
	Entry("an unknown profile", tree{"profile": "nothing"}, "rendering chart istiod: unknown profile nothing"),
	Entry("a number where a section belongs", tree{"global": tree{"proxy": int64(3)}}, "at <.Values.global.proxy"),
	Entry("a list where a section belongs", tree{"pilot": tree{"env": []any{int64(1)}}}, "at <.Values.env"),
)

var _ = It("A failing template tells its cause", func() {
	_, _, err := chartOf("", map[string]string{"a.yaml": `{{ fail "no" }}`}).Render(request(nil))
	var failure *helm.TemplateError
	Expect(errors.As(err, &failure)).To(BeTrue())
	Expect(failure.Unwrap()).To(MatchError(ContainSubstring("a.yaml:1")))
})
