// SPDX-License-Identifier: Apache-2.0

package helm

import "strings"

const (
	// maxNested is how many sections and lists a text may open where it is rendered in
	// this process: far below the thousands of levels whose indentation takes memory.
	maxNested = 64
	// maxBroken is how many bytes texts may have together where one of them has a line
	// break: lines can open levels, too, as many as there is room for their indentation.
	maxBroken = 32 << 10
)

// mayGrow tells values whose texts may take far more memory in a template than they
// have bytes: istiod's chart reads some of them as YAML and writes that out again, and
// aliases or nested sections grow in this. Helm's engine does not say what it will take.
func mayGrow(values map[string]any) bool {
	seen := growth{}
	seen.look(values)
	return seen.nested || seen.anchor && seen.alias || seen.broken && seen.bytes > maxBroken
}

// growth is what was seen in values. An anchor and its alias may stand in two texts.
type growth struct {
	anchor, alias, nested, broken bool
	bytes                         int
}

func (g *growth) look(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			g.lookAt(key)
			g.look(item)
		}
	case []any:
		for _, item := range value {
			g.look(item)
		}
	case string:
		g.lookAt(value)
	}
}

func (g *growth) lookAt(text string) {
	g.bytes += len(text)
	g.anchor = g.anchor || strings.Contains(text, "&")
	g.alias = g.alias || strings.Contains(text, "*")
	g.nested = g.nested || strings.Count(text, "{")+strings.Count(text, "[")+strings.Count(text, "- ") > maxNested
	g.broken = g.broken || strings.ContainsAny(text, "\n\r\u0085\u2028\u2029")
}
