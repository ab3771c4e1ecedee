// SPDX-License-Identifier: Apache-2.0

// Package document writes generated parts into documents. A part stands between the lines
// <!-- NAME:begin --> and <!-- NAME:end -->; the rest of the document is left alone.
package document

import (
	"fmt"
	"io"
	"os"
	"strings"
)

func begin(name string) string { return "<!-- " + name + ":begin -->\n" }

// Has reports whether a document has a part of that name.
func Has(document, name string) bool { return strings.Contains(document, begin(name)) }

// Replace puts the text between every pair of the part's markers. Without any it fails.
func Replace(document, name, text string) (string, error) {
	end := "<!-- " + name + ":end -->"
	var updated strings.Builder
	for some := false; ; some = true {
		before, rest, opened := strings.Cut(document, begin(name))
		updated.WriteString(before)
		if !opened && some {
			return updated.String(), nil
		}
		_, after, closed := strings.Cut(rest, end)
		if !opened || !closed {
			return "", fmt.Errorf("no lines %q and %q in this order", strings.TrimSpace(begin(name)), end)
		}
		updated.WriteString(begin(name) + text + end)
		document = after
	}
}

// Update changes a file and says so. With check it writes nothing, and fails with the advice
// where the file would change.
func Update(file string, check bool, out io.Writer, advice string, change func(string) (string, error)) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := change(string(content))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case updated == string(content):
		return nil
	case check:
		return fmt.Errorf("%s %s", file, advice)
	}
	fmt.Fprintln(out, "updated", file)
	return os.WriteFile(file, []byte(updated), 0o644)
}
