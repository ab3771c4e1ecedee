// SPDX-License-Identifier: Apache-2.0

package images

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

// unneeded is what no program reads: the largest part of a Debian package.
var unneeded = []string{
	"usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/lintian/", "usr/share/bug/",
	"usr/lib/systemd/", "lib/systemd/",
}

// merged are folders that Debian's base system has as links into usr, and that the
// packages of its newer releases rely on.
var merged = []string{"bin", "sbin", "lib", "lib64"}

// alternatives are the programs of iptables that its package's scripts link to those of
// nf_tables: https://manpages.debian.org/bookworm/iptables/iptables-nft.8.en.html.
var alternatives = []string{
	"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore",
}

// debianFiles are the files of unpacked Debian packages with iptables, with what the
// packages' scripts and the base system would add.
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
	for _, folder := range merged {
		if _, err := os.Lstat(filepath.Join(root, folder)); os.IsNotExist(err) {
			files = append(files, pack.File{Name: folder, Link: "usr/" + folder})
		}
	}
	for _, program := range alternatives {
		variant := strings.Replace(program, "tables", "tables-nft", 1)
		files = append(files, pack.File{Name: "usr/sbin/" + program, Link: variant})
	}
	// The CNI agent mounts over the first, and writes into the others.
	return append(files,
		pack.File{Name: "etc/nsswitch.conf", From: os.DevNull, Mode: 0o644},
		pack.File{Name: "run", Mode: 0o755}, pack.File{Name: "tmp", Mode: 0o1777}), nil
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
