// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// testDirs are where tests are, from the root of the repository.
var testDirs = []string{"api", "hack", "internal", "test"}

// hardenedMark begins a comment above a spec that shows what was fixed:
//
//	// Hardened: INPUT | WHAT HAPPENED BEFORE
const hardenedMark = "// Hardened: "

// hardenedLength is how long each of the two parts may be.
const hardenedLength = 100

// hardening is a row of the table.
type hardening struct{ input, before, now string }

// plain makes any text a cell in which Markdown sees nothing but text.
var plain = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"|", `\|`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", " ")

// hardened is the rows of all tests below those directories in Markdown, by file and line.
func hardened(root fs.FS, directories ...string) (string, error) {
	var table strings.Builder
	table.WriteString("| Input | What happened | What happens now |\n|---|---|---|\n")
	var failures []error
	for _, directory := range directories {
		// WalkDir goes in lexical order, so that the table is the same everywhere.
		err := fs.WalkDir(root, directory, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			content, err := fs.ReadFile(root, name)
			if err != nil || !bytes.Contains(content, []byte("Hardened")) {
				return err
			}
			rows, err := hardeningsOf(path.Clean(name), content)
			failures = append(failures, err)
			for _, row := range rows {
				fmt.Fprintf(&table, "| %s | %s | %s |\n", plain.Replace(row.input), plain.Replace(row.before), plain.Replace(row.now))
			}
			return nil
		})
		failures = append(failures, err)
	}
	return table.String(), errors.Join(failures...)
}

// hardeningsOf are the rows of a file, by line.
func hardeningsOf(name string, content []byte) ([]hardening, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	texts := specTexts(positions, file)
	var rows []hardening
	var failures []error
	for _, group := range file.Comments {
		now := texts[positions.Position(group.End()).Line+1]
		for _, comment := range group.List {
			if !strings.HasPrefix(strings.TrimLeft(comment.Text, "/* \t"), "Hardened") {
				continue
			}
			row, err := hardeningOf(comment.Text, now)
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", positions.Position(comment.Pos()), err))
			}
			rows = append(rows, row)
		}
	}
	return rows, errors.Join(failures...)
}

// hardeningOf reads a comment above the spec of that text. Empty: above no spec.
func hardeningOf(comment, now string) (hardening, error) {
	content, marked := strings.CutPrefix(comment, hardenedMark)
	input, before, cut := strings.Cut(content, "|")
	row := hardening{input: strings.TrimSpace(input), before: strings.TrimSpace(before), now: now}
	switch {
	case !marked || !cut || row.input == "" || row.before == "" || strings.Contains(row.before, "|"):
		return row, fmt.Errorf("%q is not of the form %sINPUT | WHAT HAPPENED BEFORE", comment, hardenedMark)
	case len([]rune(row.input)) > hardenedLength || len([]rune(row.before)) > hardenedLength:
		return row, fmt.Errorf("%q: each part may have %d characters", comment, hardenedLength)
	case now == "":
		return row, fmt.Errorf(`%q stands above no It("…" and no Entry("…"`, comment)
	}
	return row, nil
}

// specTexts are the texts of the file's specs, by the line that each begins in.
func specTexts(positions *token.FileSet, file *ast.File) map[int]string {
	texts := map[int]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if function, named := call.Fun.(*ast.Ident); named && (function.Name == "It" || function.Name == "Entry") {
			if text, begins := textOf(call.Args[0]); begins {
				texts[positions.Position(call.Pos()).Line] = text
			}
		}
		return true
	})
	return texts
}

// textOf is a text that begins with a literal; what else is added to it is left out.
func textOf(expression ast.Expr) (text string, begins bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		text, begins = textOf(e.X)
		if rest, literal := textOf(e.Y); literal {
			return text + rest, begins
		}
		return text + "…", begins
	default:
		return "", false
	}
}

// hardenedTests is the table of the repository that the command runs in.
func hardenedTests() (string, error) { return hardened(os.DirFS("."), testDirs...) }
