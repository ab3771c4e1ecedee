// SPDX-License-Identifier: Apache-2.0

// Package linked lists the modules that are linked into a program, and the licences under
// which they may be redistributed. It asks the go command, so that it sees what a build
// sees: the program's own build tags and go.mod, not all that the repository uses.
package linked

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Module is one that a program has packages of.
type Module struct {
	// Path is the name that packages are imported by; it stays where go.mod replaces
	// the module by another.
	Path string
	// Version is that of the code, thus of the replacement where there is one.
	Version string
	// Licences are SPDX identifiers, sorted: all of them apply. They are those of the
	// files in the directories of linked packages, and in the directories that those are in.
	Licences []string
	// Problem says what is wrong with the licences; nil if nothing is.
	Problem error
}

// Modules lists what is linked into the program of that import path when it is built
// for Linux on that architecture without cgo, sorted by path. The program's own module
// and the standard library are left out.
func Modules(ctx context.Context, program, architecture string) ([]Module, error) {
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Module", program)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	var problems bytes.Buffer
	command.Stderr = &problems
	packages, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what is linked into %s: %w: %s", program, err, strings.TrimSpace(problems.String()))
	}
	found, err := group(packages)
	if err != nil {
		return nil, fmt.Errorf("reading what go list reports of %s: %w", program, err)
	}
	var modules []Module
	for _, one := range found {
		modules = append(modules, one.classify())
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// listed is what go list reports of a package.
type listed struct {
	Dir    string
	Module *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Version string }
	}
}

// directories are those of a module that may hold licences of linked code.
type directories struct {
	path, version string
	names         []string
}

// group puts the packages of each module together.
func group(packages []byte) (map[string]*directories, error) {
	found := map[string]*directories{}
	for decoder := json.NewDecoder(bytes.NewReader(packages)); ; {
		var one listed
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if one.Module == nil || one.Module.Main {
			continue
		}
		module := found[one.Module.Path]
		if module == nil {
			module = &directories{path: one.Module.Path, version: one.Module.Version}
			if one.Module.Replace != nil {
				module.version = one.Module.Replace.Version
			}
			found[one.Module.Path] = module
		}
		module.add(one.Module.Dir, one.Dir)
	}
}

// add adds a package's directory and those that it is in, up to the module's.
func (f *directories) add(root, directory string) {
	if slices.Contains(f.names, directory) {
		return
	}
	f.names = append(f.names, directory)
	if directory != root && directory != filepath.Dir(directory) {
		f.add(root, filepath.Dir(directory))
	}
}
