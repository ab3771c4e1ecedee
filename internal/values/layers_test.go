// SPDX-License-Identifier: Apache-2.0

package values_test

import (
	"errors"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

type tree = map[string]any

// reader is a chart that has defaults for its keys, and reads those, the shared
// sections, what is in them, and nothing else.
type reader []string

func (r reader) HasDefault(key string) bool { return slices.Contains(r, key) }

func (r reader) Default([]string) (any, bool) { return nil, false }

func (r reader) Reads(path []string) bool {
	joined := strings.Join(path, ".")
	return joined == "" || slices.ContainsFunc(append(r, "global.", "meshConfig.", "profile"), func(read string) bool {
		return joined == read || strings.HasPrefix(joined, read) || strings.HasPrefix(read, joined+".")
	})
}

var (
	base    = values.Chart{Component: "istio-base", Reader: reader{"base"}}
	istiod  = values.Chart{Component: "istiod", Reader: reader{"env", "replicaCount", "cni"}}
	cni     = values.Chart{Component: "istio-cni", Reader: reader{"cniConfDir", "chained", "ambient.enabled", "env"}}
	ztunnel = values.Chart{Component: "ztunnel", Reader: reader{"logLevel", "env"}}
)

// merge merges layers named first, second and so on.
func merge(chart values.Chart, trees ...tree) (values.Tree, error) {
	names := []string{"first", "second", "third"}
	var layers []values.Layer
	for i, t := range trees {
		layers = append(layers, values.Layer{Name: names[i], Values: t})
	}
	return values.Merge(chart, layers)
}

var _ = DescribeTable("Merging", func(want tree, origin map[string]string, layers ...tree) {
	merged, err := merge(base, layers...)
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values).To(Equal(want))
	Expect(merged.Origin).To(Equal(origin))
},
	Entry("nothing makes nothing", tree{}, map[string]string{}),
	Entry("lets the later layer win", tree{"a": "two"}, map[string]string{"a": "second"},
		tree{"a": "one"}, tree{"a": "two"}),
	Entry("keeps what the later layer does not set", tree{"s": tree{"a": int64(1), "b": int64(2)}}, map[string]string{"s.a": "first", "s.b": "second"},
		tree{"s": tree{"a": int64(1)}}, tree{"s": tree{"b": int64(2)}}),
	Entry("replaces lists", tree{"l": []any{"three"}}, map[string]string{"l": "second"},
		tree{"l": []any{"one", "two"}}, tree{"l": []any{"three"}}),
	Entry("lets false, zero and empty win", tree{"a": false, "b": int64(0), "c": ""}, map[string]string{"a": "second", "b": "second", "c": "second"},
		tree{"a": true, "b": int64(1), "c": "x"}, tree{"a": false, "b": int64(0), "c": ""}),
	Entry("lets null win, as Helm does", tree{"a": nil}, map[string]string{"a": "second"},
		tree{"a": "one"}, tree{"a": nil}),
	Entry("lets null remove a section", tree{"s": nil}, map[string]string{"s": "second"},
		tree{"s": tree{"a": int64(1), "t": tree{"b": int64(2)}}}, tree{"s": nil}),
	Entry("keeps an empty section", tree{"s": tree{}}, map[string]string{"s": "first"},
		tree{"s": tree{}}),
	Entry("fills an empty section", tree{"s": tree{"a": int64(1)}}, map[string]string{"s.a": "second"},
		tree{"s": tree{}}, tree{"s": tree{"a": int64(1)}}),
	Entry("lets an empty section change nothing", tree{"s": tree{"a": int64(1)}}, map[string]string{"s.a": "first"},
		tree{"s": tree{"a": int64(1)}}, tree{"s": tree{}}),
	Entry("lets a section replace a plain value", tree{"s": tree{"a": int64(1)}}, map[string]string{"s.a": "second"},
		tree{"s": "plain"}, tree{"s": tree{"a": int64(1)}}),
	Entry("fills an empty section with a plain value", tree{"s": "plain"}, map[string]string{"s": "second"},
		tree{"s": tree{}}, tree{"s": "plain"}),
	Entry("takes the last of three", tree{"a": int64(3)}, map[string]string{"a": "third"},
		tree{"a": int64(1)}, tree{"a": int64(2)}, tree{"a": int64(3)}),
	Entry("escapes dots in keys", tree{"s": tree{"a.b": "x"}}, map[string]string{`s.a\.b`: "first"},
		tree{"s": tree{"a.b": "x"}}),
)

var _ = Describe("A layer for one chart", func() {
	layers := []values.Layer{
		{Name: "all", Values: tree{"logLevel": "info"}},
		{Name: "one", Chart: "ztunnel", Values: tree{"logLevel": "debug"}},
	}

	It("reaches that chart", func() {
		merged, err := values.Merge(ztunnel, layers)
		Expect(err).NotTo(HaveOccurred())
		Expect(merged.Values).To(Equal(tree{"logLevel": "debug"}))
		Expect(merged.Origin).To(Equal(map[string]string{"logLevel": "one"}))
	})

	It("reaches no other", func() {
		merged, err := values.Merge(base, layers)
		Expect(err).NotTo(HaveOccurred())
		Expect(merged.Values).To(Equal(tree{"logLevel": "info"}))
	})
})

var _ = DescribeTable("Merging refuses", func(message string, layers ...tree) {
	_, err := merge(istiod, layers...)
	var wrong *values.TypeError
	Expect(err).To(MatchError(message))
	Expect(errors.As(err, &wrong)).To(BeTrue())
},
	Entry("a string for a section", `first: pilot must be a map, not a string`, tree{"pilot": "x"}),
	Entry("a number for a section", `first: global must be a map, not a number`, tree{"global": int64(3)}),
	Entry("a boolean for a section", `first: cni must be a map, not a boolean`, tree{"cni": true}),
	Entry("a list for a section", `first: ztunnel must be a map, not a list`, tree{"ztunnel": []any{}}),
	Entry("a plain value over an earlier section", `second: global.proxy must be a map, not a number`,
		tree{"global": tree{"proxy": tree{"image": "x"}}}, tree{"global": tree{"proxy": int64(3)}}),
)

var _ = It("Merging leaves the layers as they are", func() {
	layers := []values.Layer{
		{Name: "first", Values: tree{"pilot": tree{"env": tree{"A": "1"}}, "cni": tree{"ambient": true, "profile": "ambient"}}},
		{Name: "second", FromUser: true, Values: tree{
			"cniConfDir": "/etc", "env": tree{"B": "2"}, "pilot": tree{"env": tree{"A": "3"}}, "ztunnel": tree{"env": tree{"C": true}},
			"meshConfig": tree{"defaultConfig": tree{"proxyMetadata": tree{"D": true}}},
		}},
	}
	var before []tree
	for _, layer := range layers {
		before = append(before, runtime.DeepCopyJSON(layer.Values))
	}
	for _, chart := range []values.Chart{base, istiod, cni, ztunnel} {
		merged, err := values.Merge(chart, layers)
		Expect(err).NotTo(HaveOccurred())
		merged.Values["meshConfig"].(tree)["defaultConfig"].(tree)["proxyMetadata"].(tree)["E"] = "changed later"
	}
	values.Unread([]values.Chart{base, istiod, cni, ztunnel}, layers)
	for i, layer := range layers {
		Expect(layer.Values).To(Equal(before[i]))
	}
})

var _ = It("Leaves come sorted, empty sections included", func() {
	var paths []string
	values.Leaves(tree{"b": tree{"d": tree{}, "c": []any{}}, "a": nil, "e.f": int64(1)}, func(path []string, _ any) {
		paths = append(paths, values.Path(path))
	})
	Expect(paths).To(Equal([]string{"a", "b.c", "b.d", `e\.f`}))
})
