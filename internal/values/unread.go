// SPDX-License-Identifier: Apache-2.0

package values

import "slices"

// Unread returns the paths, sorted, of values that users wrote and no chart reads.
func Unread(charts []Chart, layers []Layer) []string {
	var unread []string
	for _, layer := range layers {
		if !layer.FromUser {
			continue
		}
		Leaves(layer.Values, func(path []string, _ any) {
			reads := func(c Chart) bool { return (layer.Chart == "" || layer.Chart == c.Component) && c.reads(path) }
			if !slices.ContainsFunc(charts, reads) {
				unread = append(unread, Path(path))
			}
		})
	}
	slices.Sort(unread)
	return slices.Compact(unread)
}

// reads reports whether the chart reads the value at a path of the users' tree, at the root
// or in the chart's own section.
func (c Chart) reads(path []string) bool {
	if path[0] == section[c.Component] && len(path) > 1 && c.Reader.Reads(path[1:]) {
		return true
	}
	return c.Reader.Reads(path)
}
