// SPDX-License-Identifier: Apache-2.0

package repository

// Decode reads a file of the cache as if it were that source's; nil where it is not.
func Decode(source Source, content []byte) Charts {
	charts, err := decode(source, content, DefaultLimits())
	if err != nil {
		return nil
	}
	return charts
}

// Nearest is nearest, for tests.
var Nearest = nearest
