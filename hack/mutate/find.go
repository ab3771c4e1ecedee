// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// mutant is one small change of the code.
type mutant struct {
	// file is a path relative to the root.
	file     string
	line     int
	function string
	// original and changed are the code before and after.
	original, changed string
	// ordinal is 1, or higher where the function has the same change before.
	ordinal int
	// edits make a file that has the change when the mutant with this number is chosen.
	edits   []edit
	verdict verdict
}

// key identifies a mutant in the document: it has no line, because lines change often.
func (m mutant) key() string { return m.file + " " + m.text() }

func (m mutant) text() string {
	text := fmt.Sprintf("%s: %s → %s", m.function, m.original, m.changed)
	if m.ordinal > 1 {
		text += fmt.Sprintf(" (%d)", m.ordinal)
	}
	return text
}

// finder collects the mutants of one file.
type finder struct {
	*target
	source   []byte
	file     string
	function string
	results  *ast.FieldList
	mutants  *[]mutant
}

// find returns the mutants of the package, or of one file of it. Edits refer to mutants
// by their place in the list.
func (t *target) find(only string) []mutant {
	var mutants []mutant
	for i, file := range t.Syntax {
		name := t.CompiledGoFiles[i]
		if only != "" && filepath.Base(name) != only {
			continue
		}
		f := &finder{target: t, source: t.sources[name], file: t.relative(name), mutants: &mutants}
		for _, declaration := range file.Decls {
			f.function, f.results = "", nil
			if function, ok := declaration.(*ast.FuncDecl); ok {
				f.function, f.results = function.Name.Name, function.Type.Results
			}
			ast.Walk(f, declaration)
		}
	}
	return mutants
}

// Visit adds the mutants of one node. It implements ast.Visitor.
func (f *finder) Visit(node ast.Node) ast.Visitor {
	switch n := node.(type) {
	case *ast.FuncLit:
		inner := *f
		inner.results = n.Type.Results
		return &inner
	case *ast.GenDecl:
		if n.Tok == token.CONST {
			return nil
		}
	}
	f.statement(node)
	f.expression(node)
	return f
}

func (f *finder) statement(node ast.Node) {
	switch n := node.(type) {
	case *ast.BlockStmt:
		f.list(n.List)
	case *ast.CommClause:
		f.list(n.Body)
	case *ast.CaseClause:
		f.list(n.Body)
		f.conditions(n.List...)
	case *ast.IfStmt:
		f.conditions(n.Cond)
	case *ast.ForStmt:
		f.conditions(n.Cond)
	case *ast.ReturnStmt:
		f.conditions(n.Results...)
	}
}

func (f *finder) expression(node ast.Node) {
	switch n := node.(type) {
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.conditions(n.X)
		}
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.CallExpr:
		f.call(n)
	case *ast.Ident:
		f.literal(n)
	}
}

// conditions negates names of bool type in a place where they decide something.
func (f *finder) conditions(expressions ...ast.Expr) {
	for _, e := range expressions {
		switch e.(type) {
		case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
			if f.isBool(e) && f.kind(e).Value == nil {
				f.negate(e, "!"+f.text(e))
			}
		}
	}
}

func (f *finder) call(n *ast.CallExpr) {
	if f.isBool(n) && f.kind(n).Value == nil && !f.kind(n.Fun).IsType() {
		f.negate(n, "!"+f.text(n))
	}
}

func (f *finder) literal(n *ast.Ident) {
	if f.TypesInfo.Uses[n] == types.Universe.Lookup("true") {
		f.negate(n, "false")
	} else if f.TypesInfo.Uses[n] == types.Universe.Lookup("false") {
		f.negate(n, "true")
	}
}

var (
	negations  = map[token.Token]token.Token{token.LSS: token.GEQ, token.LEQ: token.GTR, token.GTR: token.LEQ, token.GEQ: token.LSS, token.EQL: token.NEQ, token.NEQ: token.EQL}
	boundaries = map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
	arithmetic = map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL}
	logic      = map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}
)

func (f *finder) binary(n *ast.BinaryExpr) {
	if f.kind(n).Value != nil {
		return
	}
	if with, ok := negations[n.Op]; ok {
		f.negate(n, f.withOperator(n, with))
	}
	if with, ok := boundaries[n.Op]; ok {
		f.add(n, f.withOperator(n, with), f.operands(n, "mutantOrder", ", %q, ", ")")...)
	}
	if with, ok := arithmetic[n.Op]; ok && f.isInteger(n) {
		f.add(n, f.withOperator(n, with), f.operands(n, "mutantArithmetic", ", %q, ", ")")...)
	}
	if with, ok := logic[n.Op]; ok {
		f.add(n, f.withOperator(n, with), f.operands(n, "mutantLogic", ", %q, func() bool { return (", ") })")...)
		f.conditions(n.X, n.Y)
	}
}

// list removes each statement that the rest of a function compiles without, and
// replaces each result by zero values.
func (f *finder) list(statements []ast.Stmt) {
	for _, statement := range statements {
		switch s := statement.(type) {
		case *ast.ReturnStmt:
			f.result(s)
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE && !isBlank(s) {
				f.remove(s)
			}
		case *ast.ExprStmt:
			if !isPanic(s) {
				f.remove(s)
			}
		case *ast.BranchStmt:
			if s.Tok != token.FALLTHROUGH {
				f.remove(s)
			}
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
			f.remove(s)
		}
	}
}

func (f *finder) result(s *ast.ReturnStmt) {
	if f.results.NumFields() == 0 {
		f.remove(s)
		return
	}
	if f.allZero(s) || len(s.Results) == 1 && f.isBool(s.Results[0]) {
		return
	}
	var zero []string
	for _, field := range f.results.List {
		for range max(1, len(field.Names)) {
			zero = append(zero, "*new("+f.text(field.Type)+")")
		}
	}
	f.add(s, "return zero values", edit{at: f.offset(s.Pos()), text: "if mutantOn(ID) { return " + strings.Join(zero, ", ") + " }; "})
}

// allZero reports whether a statement already returns zero values, written as such.
func (f *finder) allZero(s *ast.ReturnStmt) bool {
	if len(s.Results) == 0 {
		return false // It returns named results.
	}
	for _, e := range s.Results {
		switch text := f.text(e); {
		case text == "nil", text == "false", text == `""`, text == "0":
		case strings.HasSuffix(text, "{}"):
		default:
			return false
		}
	}
	return true
}

func isBlank(s *ast.AssignStmt) bool {
	name, ok := s.Lhs[0].(*ast.Ident)
	return ok && name.Name == "_"
}

func isPanic(s *ast.ExprStmt) bool {
	call, ok := s.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	return ok && name.Name == "panic"
}
