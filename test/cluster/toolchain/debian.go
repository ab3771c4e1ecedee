// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Prometheus is the Debian package of Prometheus and promtool: unlike the other tools it is not
// compiled, which would take longer than all of them together.
func Prometheus() Package {
	return Package{Name: "prometheus", Programs: []string{"prometheus", "promtool"}}
}

// Package is a Debian package with programs that need nothing else of it.
type Package struct {
	// Name of the package.
	Name string
	// Programs are the names that Path takes.
	Programs []string
}

// Unpack finds the package's programs: on the PATH, or else unpacked into the user's cache, where
// they are put the first time. Nothing is installed, so that no service starts.
func Unpack(ctx context.Context, p Package, log io.Writer) (Tools, error) {
	if tools, found := p.installed(); found {
		return tools, nil
	}
	target, err := unpacked(ctx, p.Name, log, func(archives string) error {
		fmt.Fprintf(log, "%s: downloading Debian's package\n", p.Name)
		return download(ctx, archives, []string{p.Name})
	}, nil)
	if err != nil {
		return Tools{}, fmt.Errorf("getting Debian's package %s (without apt, put %s on the PATH): %w", p.Name, strings.Join(p.Programs, " and "), err)
	}
	return Tools{dir: filepath.Join(target, "usr", "bin")}, nil
}

// installed finds the programs on the PATH, in one directory.
func (p Package) installed() (Tools, bool) {
	var tools Tools
	for _, program := range p.Programs {
		path, err := exec.LookPath(program)
		if err != nil || tools.dir != "" && tools.dir != filepath.Dir(path) {
			return Tools{}, false
		}
		tools.dir = filepath.Dir(path)
	}
	return tools, true
}

// unpacked gives a directory of the user's cache in which the Debian packages are unpacked that
// fetch puts into a directory of archives, the first time. No script of a package runs: finish does
// what those would do that is needed, if it is given.
func unpacked(ctx context.Context, name string, log io.Writer, fetch func(archives string) error, finish func(root string) error) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "debian-"+name)
	return target, once(ctx, target, target, log, func() error { return unpack(ctx, target, fetch, finish) })
}

// unpack works beside target and renames at the end.
func unpack(ctx context.Context, target string, fetch func(archives string) error, finish func(root string) error) error {
	partial, err := os.MkdirTemp(filepath.Dir(target), ".unpacking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	archives, root := filepath.Join(partial, "archives"), filepath.Join(partial, "root")
	// apt-get wants the directory partial among its archives.
	if err := errors.Join(os.MkdirAll(filepath.Join(archives, "partial"), 0o755), os.Mkdir(root, 0o755)); err != nil {
		return err
	}
	if err := fetch(archives); err != nil {
		return err
	}
	packages, err := packagesIn(archives)
	if err != nil {
		return err
	}
	for _, archive := range packages {
		if err := tool(ctx, partial, "dpkg-deb", "--extract", archive, root); err != nil {
			return err
		}
	}
	if finish != nil {
		if err := finish(root); err != nil {
			return err
		}
	}
	return os.Rename(root, target)
}

func packagesIn(archives string) ([]string, error) {
	return filepath.Glob(filepath.Join(archives, "*.deb"))
}

// download fetches those packages and no others.
func download(ctx context.Context, archives string, names []string) error {
	if err := apt(ctx, archives, append([]string{"download"}, names...)...); err != nil {
		return err
	}
	found, err := packagesIn(archives)
	if err == nil && len(found) != len(names) {
		err = fmt.Errorf("apt-get has left %d packages in the place of %s", len(found), strings.Join(names, ", "))
	}
	return err
}

// apt runs apt-get. A new machine knows of no packages yet: then, and where what it knows of is no
// longer there, their list is fetched first, for which one has to be root.
func apt(ctx context.Context, dir string, args ...string) error {
	first := tool(ctx, dir, "apt-get", args...)
	if first == nil {
		return nil
	}
	if err := tool(ctx, dir, "apt-get", "update"); err != nil {
		return errors.Join(first, err)
	}
	return tool(ctx, dir, "apt-get", args...)
}

// tool runs a program of Debian's in that directory.
func tool(ctx context.Context, dir, program string, args ...string) error {
	_, err := toolOutput(ctx, dir, program, args...)
	return err
}

// toolOutput is what a program of Debian's says.
func toolOutput(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, args[0], err, out)
	}
	return string(out), nil
}
