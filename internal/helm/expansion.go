// SPDX-License-Identifier: Apache-2.0

package helm

import "strings"

const (
	// maxNesting is the number of maps and lists that a string can open if it is rendered
	// in this process: far below the thousands of levels whose indentation takes memory.
	maxNesting = 64
	// maxMultilineBytes limits the total length of strings of which one has a line break,
	// in bytes: lines can open levels, too, as far as their indentation fits.
	maxMultilineBytes = 32 << 10
)

// mayExpand reports whether strings in the values can take far more memory in a template
// than they have bytes. istiod's chart parses some of them as YAML and writes that out
// again, which expands aliases and nested maps. Helm's engine has no limit of its own.
func mayExpand(values map[string]any) bool {
	seen := expansion{}
	seen.inspect(values)
	return seen.nested || seen.anchor && seen.alias || seen.multiline && seen.bytes > maxMultilineBytes
}

// expansion is what was found in the values. An anchor and its alias can be in two strings.
type expansion struct {
	anchor, alias, nested, multiline bool
	bytes                            int
}

func (g *expansion) inspect(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			g.inspectText(key)
			g.inspect(item)
		}
	case []any:
		for _, item := range value {
			g.inspect(item)
		}
	case string:
		g.inspectText(value)
	}
}

func (g *expansion) inspectText(text string) {
	g.bytes += len(text)
	g.anchor = g.anchor || strings.Contains(text, "&")
	g.alias = g.alias || strings.Contains(text, "*")
	g.nested = g.nested || strings.Count(text, "{")+strings.Count(text, "[")+strings.Count(text, "- ") > maxNesting
	g.multiline = g.multiline || strings.ContainsAny(text, "\n\r\u0085\u2028\u2029")
}
