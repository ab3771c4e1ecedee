// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// constantsFile has every phase, condition type, reason, label and annotation.
const constantsFile = "api/v1/constants.go"

// annotationPrefix begins the names of the operator's own annotations and labels.
const annotationPrefix = "operator.gloo.solo.io/"

// constant is a string constant of a Go file.
type constant struct {
	name, value, comment string
}

// constants returns the string constants of a Go file, in their order.
func constants(file string) ([]constant, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []constant
	for _, declaration := range parsed.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			if c, ok := constantOf(spec.(*ast.ValueSpec)); ok {
				found = append(found, c)
			}
		}
	}
	return found, nil
}

// constantOf is the constant of a specification. It is false for one that is no string.
func constantOf(spec *ast.ValueSpec) (constant, bool) {
	if len(spec.Values) != 1 {
		return constant{}, false
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return constant{}, false
	}
	value, err := strconv.Unquote(literal.Value)
	return constant{spec.Names[0].Name, value, sentence(spec.Doc.Text())}, err == nil
}

// reasonsOf are the values of the constants that are reasons.
func reasonsOf(all []constant) []string {
	var reasons []string
	for _, c := range all {
		if strings.HasPrefix(c.name, "Reason") {
			reasons = append(reasons, c.value)
		}
	}
	return reasons
}

// marks is the table of annotations and labels that users can set or see, in Markdown.
func marks() (string, error) {
	all, err := constants(constantsFile)
	if err != nil {
		return "", err
	}
	values := map[string]string{}
	for _, c := range all {
		values[c.name] = c.value
	}
	var rows strings.Builder
	rows.WriteString("| Annotation or label | Meaning |\n|---|---|\n")
	for _, c := range all {
		if strings.HasPrefix(c.value, annotationPrefix) && !strings.HasSuffix(c.name, "Finalizer") {
			fmt.Fprintf(&rows, "| `%s` | %s |\n", c.value, cell.Replace(meaning(c, values)))
		}
	}
	return rows.String(), nil
}

// meaning is the comment of a constant with values instead of the names of constants.
func meaning(c constant, values map[string]string) string {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(c.comment, c.name), ":"))
	words := strings.Fields(text)
	for i, word := range words {
		bare := strings.TrimRight(word, ".,;:")
		if value, ok := values[bare]; ok {
			words[i] = "`" + value + "`" + word[len(bare):]
		}
	}
	return strings.Join(words, " ")
}
