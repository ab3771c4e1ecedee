// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tree is the repository's work tree, and a copy of what a clone would have.
type tree struct {
	root string
	// files are those that git has or would add, relative to root.
	files []string
	// clone holds copies of files and nothing else.
	clone string
}

func openTree(ctx context.Context, root string) (*tree, error) {
	listed, err := command(ctx, root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	t := &tree{root: root}
	if t.clone, err = os.MkdirTemp("", "gloo-operator-verify-"); err != nil {
		return nil, err
	}
	for _, name := range strings.Split(strings.TrimSuffix(listed, "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err == nil {
			err = t.copy(name, content)
		}
		if err != nil {
			t.close()
			return nil, fmt.Errorf("copying the tree: %w", err)
		}
		t.files = append(t.files, name)
	}
	return t, nil
}

func (t *tree) copy(name string, content []byte) error {
	info, err := os.Stat(filepath.Join(t.root, name))
	if err != nil {
		return err
	}
	target := filepath.Join(t.clone, name)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, content, info.Mode().Perm())
}

func (t *tree) close() { _ = os.RemoveAll(t.clone) } // in the temporary directory

// changed lists the files of the clone that are not as in the tree, or new.
func (t *tree) changed() ([]string, error) {
	known := map[string]bool{}
	for _, name := range t.files {
		known[name] = true
	}
	var changed []string
	err := filepath.WalkDir(t.clone, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(t.clone, path)
		if err != nil {
			return err
		}
		same, err := t.same(name)
		if err == nil && (!same || !known[name]) {
			changed = append(changed, name)
		}
		return err
	})
	return changed, err
}

// unignored drops the names that git ignores.
func (t *tree) unignored(ctx context.Context, names []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "check-ignore", "--stdin", "-z")
	cmd.Dir, cmd.Stdin = t.root, strings.NewReader(strings.Join(names, "\x00"))
	ignored, err := cmd.Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return names, nil // None is ignored.
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains(strings.Split(string(ignored), "\x00"), name)
	}), err
}

func (t *tree) same(name string) (bool, error) {
	ours, err := os.ReadFile(filepath.Join(t.root, name))
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	theirs, err := os.ReadFile(filepath.Join(t.clone, name))
	return bytes.Equal(ours, theirs), err
}

// with lists the files whose name ends like that.
func (t *tree) with(suffix string) []string {
	var names []string
	for _, name := range t.files {
		if strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names
}

// read reads a file of the clone, which has what a commit would have.
func (t *tree) read(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(t.clone, name))
	return string(content), err
}

// command runs a program and returns what it prints; its failure has all of it.
func command(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, args[0], err, strings.TrimSpace(out.String()+messages.String()))
	}
	return out.String(), nil
}
