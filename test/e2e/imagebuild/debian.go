// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// unneeded is what no program reads: the largest part of a Debian package.
var unneeded = []string{
	"usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/lintian/", "usr/share/bug/",
	"usr/lib/systemd/", "lib/systemd/",
}

// merged are directories that Debian's base system has as links into usr, and that the
// packages of its newer releases rely on.
var merged = []string{"bin", "sbin", "lib", "lib64"}

// debianFiles are the files of unpacked Debian packages, with what the base system would add.
func debianFiles(root string) ([]pack.File, error) {
	var files []pack.File
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || entry.IsDir() || skipped(name) {
			return err
		}
		file, err := debianFile(name, path, entry)
		files = append(files, file)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading Debian's packages: %w", err)
	}
	for _, directory := range merged {
		if _, err := os.Lstat(filepath.Join(root, directory)); os.IsNotExist(err) {
			files = append(files, pack.File{Name: directory, Link: "usr/" + directory})
		}
	}
	return append(files, pack.File{Name: "tmp", Mode: 0o1777}), nil
}

// iptablesFiles are what the scripts of Debian's package iptables would add.
func iptablesFiles() []pack.File {
	var files []pack.File
	for program, variant := range toolchain.IptablesLinks() {
		files = append(files, pack.File{Name: "usr/sbin/" + program, Link: variant})
	}
	return files
}

func skipped(name string) bool {
	for _, prefix := range unneeded {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func debianFile(name, path string, entry fs.DirEntry) (pack.File, error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(path)
		return pack.File{Name: name, Link: link}, err
	}
	info, err := entry.Info()
	if err != nil {
		return pack.File{}, err
	}
	return pack.File{Name: name, From: path, Mode: int64(info.Mode().Perm())}, nil
}
