// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// edit replaces bytes of a file. In its text, ID stands for the number of its mutant.
type edit struct {
	at, length int
	text       string
	// closes is true for an edit at the end of an expression or statement.
	closes bool
}

// add appends a mutant with its edits.
func (f *finder) add(n ast.Node, changed string, edits ...edit) {
	id := strconv.Itoa(len(*f.mutants) + 1)
	for i := range edits {
		edits[i].text = strings.ReplaceAll(edits[i].text, "ID", id)
	}
	m := mutant{file: f.file, line: f.Fset.Position(n.Pos()).Line, function: f.function, original: f.text(n), changed: changed, ordinal: 1, edits: edits}
	for _, other := range *f.mutants {
		if other.file == m.file && other.function == m.function && other.original == m.original && other.changed == m.changed {
			m.ordinal++
		}
	}
	*f.mutants = append(*f.mutants, m)
}

func (f *finder) negate(e ast.Expr, changed string) {
	f.add(e, changed, f.around(e, "mutantNegate(ID, ", ")")...)
}

func (f *finder) remove(s ast.Stmt) {
	f.add(s, "removed", f.around(s, "if !mutantOn(ID) { ", " }")...)
}

func (f *finder) around(n ast.Node, before, after string) []edit {
	return []edit{{at: f.offset(n.Pos()), text: before}, {at: f.offset(n.End()), text: after, closes: true}}
}

// operands makes X OP Y a call of a function of runtime.go.txt.
func (f *finder) operands(n *ast.BinaryExpr, function, between, after string) []edit {
	operator := edit{at: f.offset(n.OpPos), length: len(n.Op.String()), text: fmt.Sprintf(between, n.Op)}
	return append(f.around(n, function+"(ID, ", after), operator)
}

// apply returns a file with the edits of all mutants: at one place first those that close
// what is inside, then those that open, from the outside to the inside.
func apply(source []byte, mutants []mutant) []byte {
	places := map[int]*struct {
		closing, opening string
		length           int
	}{}
	for _, m := range mutants {
		for _, e := range m.edits {
			if places[e.at] == nil {
				places[e.at] = new(struct {
					closing, opening string
					length           int
				})
			}
			place := places[e.at]
			if e.closes {
				place.closing = e.text + place.closing
			} else {
				place.opening += e.text
			}
			place.length = max(place.length, e.length)
		}
	}
	var out bytes.Buffer
	last := 0
	for _, at := range slices.Sorted(maps.Keys(places)) {
		out.Write(source[last:at])
		out.WriteString(places[at].closing + places[at].opening)
		last = at + places[at].length
	}
	out.Write(source[last:])
	return out.Bytes()
}

// text is code in one line.
func (f *finder) text(n ast.Node) string {
	return strings.Join(strings.Fields(string(f.source[f.offset(n.Pos()):f.offset(n.End())])), " ")
}

func (f *finder) withOperator(n *ast.BinaryExpr, operator token.Token) string {
	return f.text(n.X) + " " + operator.String() + " " + f.text(n.Y)
}

func (f *finder) offset(at token.Pos) int { return f.Fset.Position(at).Offset }

func (f *finder) kind(e ast.Expr) types.TypeAndValue { return f.TypesInfo.Types[e] }

func (f *finder) isBool(e ast.Expr) bool { return f.is(e, types.IsBoolean) }

func (f *finder) isInteger(e ast.Expr) bool { return f.is(e, types.IsInteger) }

func (f *finder) is(e ast.Expr, info types.BasicInfo) bool {
	if !f.kind(e).IsValue() {
		return false
	}
	basic, ok := f.kind(e).Type.Underlying().(*types.Basic)
	return ok && basic.Info()&info != 0
}
