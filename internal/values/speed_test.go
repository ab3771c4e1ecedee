// SPDX-License-Identifier: Apache-2.0

package values_test

import (
	"fmt"
	"testing"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// BenchmarkMerge merges five layers of fifty values each for istiod.
func BenchmarkMerge(b *testing.B) {
	b.ReportAllocs()
	var layers []values.Layer
	for i := range 5 {
		env := tree{}
		for j := range 50 {
			env[fmt.Sprintf("VARIABLE_%d", 10*i+j)] = "value"
		}
		layers = append(layers, values.Layer{Name: fmt.Sprint(i), Values: tree{"pilot": tree{"env": env}}})
	}
	for b.Loop() {
		if _, err := values.Merge(istiod, layers); err != nil {
			b.Fatal(err)
		}
	}
}
