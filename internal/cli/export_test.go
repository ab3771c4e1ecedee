// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"

	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// PrintDifferences prints as diff does, in colours or without.
func PrintDifferences(out io.Writer, coloured bool, differences []apply.Difference) error {
	return diffText{out: out, coloured: coloured}.all(differences)
}

// PrintJSON prints as diff --output json does.
var PrintJSON = printJSON
