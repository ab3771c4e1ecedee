// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"
)

// OfComponent returns those of the objects that belong to a component.
func OfComponent(owned []Owned, component string) []Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool { return o.Component != component })
}
