// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// numbered is an input with a value that changes what charts make.
func numbered(i int) plan.Input {
	return plan.Input{Owner: "managed-istio", Facts: plan.Facts{KubernetesVersion: "v1.37.2"}, Spec: v1.ServiceMeshControllerSpec{
		Version: "1.29.1",
		Values:  &apiextensionsv1.JSON{Raw: fmt.Appendf(nil, `{"pilot":{"env":{"NUMBER":"%d"}},"ztunnel":{"env":{"NUMBER":"%d"}}}`, i, i)},
	}}
}

// BenchmarkBuild builds all five components: with nothing known, with the charts loaded,
// with other values for two of them than before, and with the same.
func BenchmarkBuild(b *testing.B) {
	build := func(b *testing.B, builder *plan.Builder, i int) {
		if _, err := builder.Build(numbered(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			build(b, &plan.Builder{}, 0)
		}
	})
	b.Run("loaded", func(b *testing.B) {
		b.ReportAllocs()
		builder := &plan.Builder{}
		build(b, builder, 0)
		for i := 0; b.Loop(); i++ {
			input := numbered(i)
			input.Owner = fmt.Sprint(i) // A label of every object.
			if _, err := builder.Build(input); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("changed", func(b *testing.B) {
		b.ReportAllocs()
		builder := &plan.Builder{}
		build(b, builder, 0)
		for i := 1; b.Loop(); i++ {
			build(b, builder, i)
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		builder := &plan.Builder{}
		build(b, builder, 0)
		for b.Loop() {
			build(b, builder, 0)
		}
	})
}
