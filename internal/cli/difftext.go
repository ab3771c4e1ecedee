// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// contextLines is how many unchanged lines are shown around a change.
const contextLines = 3

// diffText prints differences for people: a paragraph for each object, and the summary.
type diffText struct {
	out      io.Writer
	coloured bool
}

// mark is the first character of a line.
type mark string

// The marks of lines.
const (
	added   mark = "+"
	changed mark = "~"
	removed mark = "-"
	left    mark = "!"
	gap     mark = "…"
	around  mark = " "
)

var marks = map[apply.Effect]mark{apply.EffectAdded: added, apply.EffectChanged: changed, apply.EffectRemoved: removed, apply.EffectIgnored: left}

// colours are ANSI escape sequences.
var colours = map[mark]string{added: "\x1b[32m", changed: "\x1b[33m", removed: "\x1b[31m", gap: "\x1b[36m"}

const noColour = "\x1b[0m"

func (d diffText) all(differences []apply.Difference) error {
	buffered := bufio.NewWriter(d.out)
	d.out = buffered
	for _, difference := range differences {
		d.object(difference)
		fmt.Fprintln(buffered)
	}
	fmt.Fprintln(buffered, apply.Summary(differences))
	return buffered.Flush()
}

func (d diffText) object(difference apply.Difference) {
	restarts := ""
	if difference.RestartsPods {
		restarts = ", pods restart"
	}
	d.line("", marks[difference.Effect], fmt.Sprintf("%s: %s%s", difference.Key, strings.ToLower(string(difference.Effect)), restarts))
	for _, field := range difference.Fields {
		d.field(field)
	}
}

func (d diffText) field(field apply.Field) {
	const indent, inner = "  ", "      "
	before, after := text(field.Before), text(field.After)
	switch {
	case field.Hidden:
		d.line(indent, changed, field.Path+" (not shown)")
	case field.Before == nil:
		d.value(indent, added, field.Path, after)
	case field.After == nil:
		d.value(indent, removed, field.Path, before)
	case len(before) == 1 && len(after) == 1:
		d.line(indent, changed, fmt.Sprintf("%s: %s → %s", field.Path, before[0], after[0]))
	default:
		d.line(indent, changed, field.Path)
		for _, line := range unified(before, after) {
			d.line(inner, line.sign, line.text)
		}
	}
}

// value prints a value that is added or removed.
func (d diffText) value(indent string, sign mark, path string, lines []string) {
	if len(lines) == 1 {
		d.line(indent, sign, path+": "+lines[0])
		return
	}
	d.line(indent, sign, path)
	for _, line := range lines {
		d.line(indent+"    ", sign, line)
	}
}

func (d diffText) line(indent string, sign mark, content string) {
	line := strings.TrimRight(string(sign)+" "+content, " ")
	if colour := colours[sign]; d.coloured && colour != "" {
		line = colour + line + noColour
	}
	fmt.Fprintln(d.out, indent+line)
}

// text returns a value as lines: a string with line breaks as it is, lists and maps as
// YAML, all else as JSON.
func text(value any) []string {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "\n") {
			return strings.Split(value, "\n")
		}
	case map[string]any, []any:
		if document, err := yaml.Marshal(value); err == nil {
			return strings.Split(strings.TrimSuffix(string(document), "\n"), "\n")
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return []string{fmt.Sprint(value)}
	}
	return []string{string(encoded)}
}

// marked is a line with its mark.
type marked struct {
	sign mark
	text string
}

// unified returns the lines that differ, with context.
func unified(before, after []string) []marked {
	from, to := strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n"
	difference, err := udiff.ToUnifiedDiff("", "", from, udiff.Lines(from, to), contextLines)
	if err != nil {
		return []marked{{changed, err.Error()}} // Cannot be: the edits are of these lines.
	}
	marks := map[udiff.OpKind]mark{udiff.Equal: around, udiff.Delete: removed, udiff.Insert: added}
	var lines []marked
	for i, hunk := range difference.Hunks {
		if i > 0 {
			lines = append(lines, marked{gap, ""})
		}
		for _, line := range hunk.Lines {
			lines = append(lines, marked{marks[line.Kind], strings.TrimSuffix(line.Content, "\n")})
		}
	}
	return lines
}
