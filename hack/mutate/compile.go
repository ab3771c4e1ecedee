// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// runtimeSource is the file that instrumented packages get in addition.
//
//go:embed runtime.go.txt
var runtimeSource string

// target is a package with its types and sources.
type target struct {
	*packages.Package
	root, directory string
	sources         map[string][]byte
}

func load(ctx context.Context, root, name string) (*target, error) {
	mode := packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo
	found, err := packages.Load(&packages.Config{Context: ctx, Dir: root, Mode: mode}, name)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d packages, want one", len(found))
	}
	if len(found[0].Errors) > 0 {
		return nil, found[0].Errors[0]
	}
	t := &target{Package: found[0], sources: map[string][]byte{}}
	if t.root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	for _, file := range t.CompiledGoFiles {
		if t.sources[file], err = os.ReadFile(file); err != nil {
			return nil, err
		}
		t.directory = filepath.Dir(file)
	}
	return t, nil
}

func (t *target) relative(file string) string {
	relative, err := filepath.Rel(t.root, file)
	if err != nil {
		return file
	}
	return relative
}

// compile builds the test binary with all mutants. Where the compiler rejects the
// instrumented code, the mutants of that line are left out.
func (t *target) compile(ctx context.Context, directory string, mutants *[]mutant) (*binary, error) {
	b := &binary{path: filepath.Join(directory, "test"), directory: t.directory}
	for {
		overlay, err := t.overlay(directory, *mutants)
		if err != nil {
			return nil, err
		}
		command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay="+overlay, "-o", b.path, t.PkgPath)
		command.Dir = t.root
		output, err := command.CombinedOutput()
		if err == nil {
			return b, b.prepare(ctx, directory)
		}
		if ctx.Err() != nil || !t.leaveOut(string(output), *mutants) {
			return nil, fmt.Errorf("compiling the mutants: %w\n%s", err, output)
		}
	}
}

// overlay writes the instrumented files, and the file that names them for the go command.
func (t *target) overlay(directory string, mutants []mutant) (string, error) {
	replace := map[string]string{}
	write := func(file string, content []byte) error {
		replace[file] = filepath.Join(directory, filepath.Base(file))
		return os.WriteFile(replace[file], content, 0o600)
	}
	for file, source := range t.sources {
		ofFile := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return m.file != t.relative(file) })
		if err := write(file, apply(source, ofFile)); err != nil {
			return "", err
		}
	}
	runtime := strings.Replace(runtimeSource, "PACKAGE", t.Name, 1)
	if err := write(filepath.Join(t.directory, "mutants_runtime.go"), []byte(runtime)); err != nil {
		return "", err
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(directory, "overlay.json")
	return overlay, os.WriteFile(overlay, content, 0o600)
}

// compilerError is the position at the start of a line of the compiler's output.
var compilerError = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):`)

// leaveOut takes the edits from mutants in lines with errors, if there are any.
func (t *target) leaveOut(output string, mutants []mutant) bool {
	some := false
	for _, match := range compilerError.FindAllStringSubmatch(output, -1) {
		line, err := strconv.Atoi(match[2])
		for i := range mutants {
			m := &mutants[i]
			if err == nil && m.line == line && filepath.Base(m.file) == filepath.Base(match[1]) && m.edits != nil {
				m.edits, m.verdict, some = nil, invalid, true
			}
		}
	}
	return some
}
