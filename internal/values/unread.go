// SPDX-License-Identifier: Apache-2.0

package values

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// Unread lists the paths, sorted, of values that a person wrote and that none of
// the charts reads.
func Unread(charts []Chart, layers []Layer) []string {
	var unread []string
	for _, layer := range layers {
		if !layer.FromUser {
			continue
		}
		tree := runtime.DeepCopyJSON(layer.Values)
		translate(tree)
		Leaves(tree, func(path []string, _ any) {
			reads := func(c Chart) bool { return (layer.Chart == "" || layer.Chart == c.Component) && c.reads(path) }
			if !slices.ContainsFunc(charts, reads) {
				unread = append(unread, Path(path))
			}
		})
	}
	slices.Sort(unread)
	return slices.Compact(unread)
}

// reads tells whether the chart reads the value at a path of the users' tree: at
// the root, or in the chart's own section.
func (c Chart) reads(path []string) bool {
	if path[0] == section[c.Component] && len(path) > 1 && c.Reader.Reads(path[1:]) {
		return true
	}
	return c.Reader.Reads(path)
}
