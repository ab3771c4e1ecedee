// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Tools are the built programs of one family.
type Tools struct {
	dir string
}

// Path is where a program of the family lies.
func (t Tools) Path(program string) string { return filepath.Join(t.dir, program) }

// Build compiles the family unless that was done before, and reports that to log. Builds of the
// same family wait for each other, across processes.
func Build(ctx context.Context, f Family, log io.Writer) (Tools, error) {
	root, err := Root()
	if err != nil {
		return Tools{}, err
	}
	return buildIn(ctx, root, f, log)
}

// buildIn builds the family of the repository at root.
func buildIn(ctx context.Context, root string, f Family, log io.Writer) (Tools, error) {
	src, err := f.read(root)
	if err != nil {
		return Tools{}, err
	}
	key, err := f.key(ctx, src)
	if err != nil {
		return Tools{}, err
	}
	cache, err := cacheDir()
	if err != nil {
		return Tools{}, err
	}
	target := filepath.Join(cache, fmt.Sprintf("%s-%s-%s", f.Name, src.version, key))
	err = once(ctx, target, filepath.Join(cache, f.Name), log, func() error { return f.compile(ctx, src, target, log) })
	if err != nil {
		return Tools{}, fmt.Errorf("building %s %s: %w", f.Name, src.version, err)
	}
	return Tools{dir: target}, nil
}

// once makes target unless it is there. Those that make one of the same name wait for each other.
func once(ctx context.Context, target, name string, log io.Writer, make func() error) error {
	if built(target) {
		return nil
	}
	unlock, err := lock(ctx, name+".lock", func() {
		fmt.Fprintf(log, "%s: waiting for another build of it\n", filepath.Base(name))
	})
	if err != nil {
		return err
	}
	defer unlock()
	if built(target) {
		return nil
	}
	return make()
}

// built relies on the directory getting its final name only when it is complete.
func built(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

// compile builds beside target and renames at the end.
func (f Family) compile(ctx context.Context, src source, target string, log io.Writer) (err error) {
	partial, err := os.MkdirTemp(filepath.Dir(target), ".building-"+f.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	progress := startProgress(log, f.Name+" "+src.version)
	defer func() { progress.stop(err) }()
	for _, group := range f.groups(src) {
		out := partial + string(filepath.Separator)
		if name, ok := f.rename[group[0]]; ok {
			out = filepath.Join(partial, name)
		}
		args := append([]string{"build", "-v", "-trimpath", "-buildvcs=false", "-tags", strings.Join(f.tags, ","),
			"-ldflags", f.ldflags(src.version), "-o", out}, group...)
		if err := goCommand(ctx, src.dir, progress, args...); err != nil {
			return err
		}
	}
	return os.Rename(partial, target)
}

// groups are the packages that one go command builds: all that keep their name, then each other.
func (f Family) groups(src source) [][]string {
	var plain []string
	var groups [][]string
	for _, pkg := range src.packages {
		if _, ok := f.rename[pkg]; ok {
			groups = append(groups, []string{pkg})
		} else {
			plain = append(plain, pkg)
		}
	}
	if len(plain) > 0 {
		groups = append(groups, plain)
	}
	return groups
}

func (f Family) ldflags(version string) string {
	flags := []string{"-s", "-w"}
	if f.stamp != nil {
		for name, value := range f.stamp(version) {
			flags = append(flags, fmt.Sprintf("-X=%s=%s", name, value))
		}
	}
	slices.Sort(flags)
	return strings.Join(flags, " ")
}

// key covers everything that the programs depend on.
func (f Family) key(ctx context.Context, src source) (string, error) {
	var env bytes.Buffer
	cmd := command(ctx, src.dir, "env", "GOVERSION", "GOOS", "GOARCH")
	cmd.Stdout = &env
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("asking the go command for its version: %w", err)
	}
	hash := sha256.New()
	flags := strings.Join(append([]string{f.ldflags(src.version)}, f.tags...), " ")
	fmt.Fprintf(hash, "%s\n%s\n%s\n%v\n", src.sums, flags, env.String(), f.rename)
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}

func goCommand(ctx context.Context, dir string, progress *progress, args ...string) error {
	cmd := command(ctx, dir, args...)
	cmd.Stderr = progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s in %s: %w\n%s", args[0], dir, err, progress.tail())
	}
	return nil
}

func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly", "PWD="+dir)
	if _, err := os.UserHomeDir(); err != nil {
		cmd.Env = append(cmd.Env, homeless()...)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Programs are the names that Path takes.
func (t Tools) Programs() ([]string, error) {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}
