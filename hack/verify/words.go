// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// word is a term that readers would have to learn, and what the field calls it.
type word struct {
	pattern *regexp.Regexp
	use     string
}

// avoided are the words that must not come back. A name that contains one, such as the
// metric gloo_operator_drift_fights, is no match: metrics and alerts are API.
var avoided = []word{
	avoid(`mend(s|ed|ing)?`, "fix"),
	avoid(`put(s|ting)? back`, "revert or restore"),
	avoid(`in the way`, "conflicts with"),
	avoid(`was here first`, "is older"),
	avoid(`somebody else('s)?`, "not managed by this operator, or another client"),
	avoid(`compiled in`, "bundled"),
	avoid(`found out`, "detected"),
	avoid(`tells (that|whether)`, "reports whether"),
	avoid(`fight(s|ing)?`, "ownership conflict"),
	avoid(`thie(f|ves)|thefts?`, "field manager, or lost fields"),
	avoid(`folders?`, "directory"),
	avoid(`anew`, "again"),
}

func avoid(pattern, use string) word {
	return word{regexp.MustCompile(`(?i)\b(` + pattern + `)\b`), use}
}

// wordsAllowed are the files that may use these words, and why.
var wordsAllowed = map[string]string{
	"hack/verify/words.go":      "lists them",
	"hack/verify/words_test.go": "tests that they are found",
}

// passage is a piece of text whose line breaks mean nothing.
type passage struct {
	line int
	text string
}

// words names the avoided words in documents, Go comments and string literals.
func words(_ context.Context, t *tree) error {
	var problems []error
	for _, name := range slices.Concat(t.with(".md"), t.with(".go")) {
		if wordsAllowed[name] != "" {
			continue
		}
		text, err := t.read(name)
		if err != nil {
			return err
		}
		passages, err := passagesOf(name, text)
		if err != nil {
			return err
		}
		for _, p := range passages {
			problems = append(problems, p.problems(name)...)
		}
	}
	return errors.Join(problems...)
}

func passagesOf(name, text string) ([]passage, error) {
	if strings.HasSuffix(name, ".md") {
		return paragraphs(text), nil
	}
	return goPassages(name, text)
}

// problems reports each word once a passage.
func (p passage) problems(name string) []error {
	var problems []error
	text := strings.Join(strings.Fields(p.text), " ")
	for _, w := range avoided {
		if found := w.pattern.FindString(text); found != "" {
			problems = append(problems, fmt.Errorf("%s:%d: %q: use %s", name, p.line, found, w.use))
		}
	}
	return problems
}

// paragraphs splits a document at empty lines, and a table at its rows.
func paragraphs(text string) []passage {
	var passages []passage
	inside := false
	for i, line := range strings.Split(text, "\n") {
		if !inside || strings.HasPrefix(line, "|") {
			passages = append(passages, passage{line: i + 1})
		}
		passages[len(passages)-1].text += line + "\n"
		inside = strings.TrimSpace(line) != ""
	}
	return passages
}

// goPassages are the comments and the string literals of a Go file, not its names.
func goPassages(name, text string) ([]passage, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var passages []passage
	for _, group := range file.Comments {
		passages = append(passages, passage{positions.Position(group.Pos()).Line, commentText(group)})
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				passages = append(passages, passage{positions.Position(literal.Pos()).Line, value})
			}
		}
		return true
	})
	return passages, nil
}

// commentText is the text of a comment with its markers and directives: CommentGroup.Text
// drops these, and a kubebuilder marker can contain a message to users.
func commentText(group *ast.CommentGroup) string {
	var text strings.Builder
	for _, comment := range group.List {
		text.WriteString(strings.TrimPrefix(strings.TrimPrefix(comment.Text, "//"), "/*") + "\n")
	}
	return text.String()
}
