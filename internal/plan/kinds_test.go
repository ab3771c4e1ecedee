// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// chartsOf are the directory and the section in users' values of each component's chart.
var chartsOf = map[string][2]string{
	"istio-base": {"charts/base", ""}, "istiod": {"charts/istio-control/istio-discovery", "pilot"},
	"istio-cni": {"charts/istio-cni", "cni"}, "ztunnel": {"charts/ztunnel", "ztunnel"},
}

// everywhere are the roots of a chart's defaults that users write at the root.
var everywhere = []string{"global", "meshConfig", "base", "gateways"}

// wrongFor lists values that cannot stand where a default does, and what is wanted.
func wrongFor(standard any) (wrong []any, want string) {
	switch standard.(type) {
	case nil:
		return nil, ""
	case tree:
		return []any{"text", int64(3), true, []any{"item"}}, "a map"
	case []any:
		return []any{"text", int64(3), true, tree{"a": "b"}}, "a list"
	case bool:
		return []any{"text", int64(3), []any{"item"}, tree{"a": "b"}}, "true or false"
	case string:
		return []any{[]any{"item"}, tree{"a": "b"}}, "a string"
	default:
		return []any{"text", true, []any{"item"}, tree{"a": "b"}}, "a number"
	}
}

// visit calls with each path in a tree, sections included, and what stands there.
func visit(section tree, at []string, call func(path []string, value any)) {
	for key, value := range section {
		path := append(slices.Clone(at), key)
		call(path, value)
		if inner, ok := value.(tree); ok {
			visit(inner, path, call)
		}
	}
}

// written is a tree with that value at the path where users write it.
func written(path []string, own string, value any) tree {
	if own != "" && !slices.Contains(everywhere, path[0]) {
		path = append([]string{own}, path...)
	}
	for i := len(path) - 1; i > 0; i-- {
		value = tree{path[i]: value}
	}
	return tree{path[0]: value}
}

var _ = Describe("A value of the wrong kind is told wherever a chart has a default:", func() {
	for _, release := range istio.Releases() {
		for component, where := range chartsOf {
			It(component+" of Istio "+release.Version, func() {
				chart, err := helm.Load(release.Charts, where[0], release.Version)
				Expect(err).NotTo(HaveOccurred())
				reader := values.Chart{Component: component, Reader: chart}
				places := 0
				visit(defaultsOf(release, where[0]), nil, func(path []string, standard any) {
					wrong, want := wrongFor(standard)
					for _, value := range wrong {
						if path[len(path)-1] == "ambient" && value == true {
							continue // An earlier spelling.
						}
						_, err := values.Merge(reader, []values.Layer{{Name: "l", Values: written(path, where[1], value)}})
						mistake := &values.TypeError{}
						Expect(errors.As(err, &mistake)).To(BeTrue(), "%v at %v: %v", value, path, err)
						Expect(mistake.Want).To(Equal(want), "%v", path)
						Expect(strings.HasSuffix(mistake.Path, values.Path(path))).To(BeTrue(), "%s is not %v", mistake.Path, path)
						places++
					}
				})
				Expect(places).To(BeNumerically(">", 10))
			})
		}
	}
})

// defaultsOf are a chart's defaults, as its file has them.
func defaultsOf(release istio.Release, directory string) tree {
	GinkgoHelper()
	content, err := fs.ReadFile(release.Charts, directory+"/values.yaml")
	Expect(err).NotTo(HaveOccurred())
	all := tree{}
	Expect(yaml.Unmarshal(content, &all)).To(Succeed())
	if inner, ok := all["_internal_defaults_do_not_set"].(tree); ok {
		return inner
	}
	return all
}
