// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const hierarchies = "/sys/fs/cgroup"

// MakeGroup makes the node's control group, without what is left of a node whose power was cut. The
// kubelet makes those of pods in it.
func (n Node) MakeGroup() error {
	if err := removeGroups(n.Group()); err != nil {
		return err
	}
	for _, root := range groupRoots() {
		group := filepath.Join(root, n.Group())
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("making the control group of %s: %w", n.Name(), err)
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(root, group, name); err != nil {
				return fmt.Errorf("making the control group of %s: %w", n.Name(), err)
			}
		}
	}
	return nil
}

// groupRoots are where groups are made: the hierarchy of version 2, or every one of version 1 and
// the one of version 2 beside them, in which runc makes groups as well.
func groupRoots() []string {
	var info unix.Statfs_t
	if unix.Statfs(hierarchies, &info) == nil && info.Type == unix.CGROUP2_SUPER_MAGIC {
		return []string{hierarchies}
	}
	var roots []string
	entries, _ := os.ReadDir(hierarchies)
	for _, entry := range entries {
		root := filepath.Join(hierarchies, entry.Name())
		if !entry.IsDir() || unix.Statfs(root, &info) != nil {
			continue
		}
		if info.Type == unix.CGROUP_SUPER_MAGIC || info.Type == unix.CGROUP2_SUPER_MAGIC {
			roots = append(roots, root)
		}
	}
	return roots
}

// inherit fills in what is empty in a new group of version 1 and lets no process in then.
func inherit(parent, group, name string) error {
	value, err := os.ReadFile(filepath.Join(parent, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || len(bytes.TrimSpace(value)) == 0 {
		return err
	}
	return os.WriteFile(filepath.Join(group, name), value, 0o644)
}

// RemoveGroups removes the control groups of all nodes of the cluster, whose processes have ended.
func RemoveGroups(cluster string) error { return removeGroups(groupPrefix(cluster) + "*") }

// removeGroups removes those whose name fits the pattern.
func removeGroups(pattern string) error {
	var problems []error
	for _, root := range groupRoots() {
		groups, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, group := range groups {
			problems = append(problems, removeGroup(group))
		}
	}
	return errors.Join(problems...)
}

// removeGroup removes the innermost groups first. A group stays busy for a moment after the last
// process in it is gone.
func removeGroup(top string) error {
	var groups []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, group := range slices.Backward(groups) {
		err := unix.Rmdir(group)
		for range 500 {
			if !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(20 * time.Millisecond)
			err = unix.Rmdir(group)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("removing the control group %s: %w", group, err)
		}
	}
	return nil
}
