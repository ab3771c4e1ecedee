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

// systemPackages are the Debian packages that a real node needs. runc is among them, although it
// is a Go program, because it needs a C compiler and libseccomp to be built as it has to be.
var systemPackages = []string{"runc", "containernetworking-plugins", "iptables", "nftables", "conntrack"}

// systemFiles are what the packages are needed for.
var systemFiles = []string{
	"/usr/sbin/runc", "/usr/lib/cni/bridge", "/usr/sbin/iptables", "/usr/sbin/nft", "/usr/sbin/conntrack",
}

// System gives a folder that, laid over the root folder, adds what a real node needs of Debian's
// packages, with the libraries that this machine lacks. It is empty if they are installed.
// Otherwise they are unpacked into the user's cache, the first time: nothing is installed.
func System(ctx context.Context, log io.Writer) (string, error) {
	return systemFor(ctx, "/", log)
}

// systemFor is for a machine with that root folder.
func systemFor(ctx context.Context, root string, log io.Writer) (string, error) {
	if systemInstalled(root) {
		return "", nil
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "debian-system")
	if err := once(ctx, target, target, log, func() error { return unpackSystem(ctx, target, log) }); err != nil {
		return "", fmt.Errorf("getting Debian's packages (apt-get install %s does as well): %w", strings.Join(systemPackages, " "), err)
	}
	return target, nil
}

func systemInstalled(root string) bool {
	for _, file := range systemFiles {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			return false
		}
	}
	return true
}

// unpackSystem works beside target and renames at the end.
func unpackSystem(ctx context.Context, target string, log io.Writer) error {
	fmt.Fprintf(log, "downloading Debian's packages %s\n", strings.Join(systemPackages, ", "))
	partial, err := os.MkdirTemp(filepath.Dir(target), ".unpacking-system-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	archives, root := filepath.Join(partial, "archives"), filepath.Join(partial, "root")
	if err := errors.Join(os.MkdirAll(filepath.Join(archives, "partial"), 0o755), os.Mkdir(root, 0o755)); err != nil {
		return err
	}
	if err := downloadSystem(ctx, archives); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	for _, archive := range found {
		if err := tool(ctx, partial, "dpkg-deb", "--extract", archive, root); err != nil {
			return err
		}
	}
	if err := chooseIptables(filepath.Join(root, "usr", "sbin")); err != nil {
		return err
	}
	return os.Rename(root, target)
}

// downloadSystem has apt-get find out which libraries are missing. Of the packages themselves it
// also gets those that are installed, so that what is unpacked is complete.
func downloadSystem(ctx context.Context, archives string) error {
	args := append([]string{
		"install", "--download-only", "--reinstall", "--yes", "--no-install-recommends",
		"-o", "Dir::Cache::archives=" + archives, "-o", "Debug::NoLocking=1",
	}, systemPackages...)
	first := tool(ctx, archives, "apt-get", args...)
	if first == nil {
		return nil
	}
	if err := tool(ctx, archives, "apt-get", "update"); err != nil {
		return errors.Join(first, err)
	}
	return tool(ctx, archives, "apt-get", args...)
}

// chooseIptables does what Debian's package does when it is installed: it names the variant.
func chooseIptables(dir string) error {
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, program := range []string{"", "-save", "-restore"} {
			err := os.Symlink(family+"-nft"+program, filepath.Join(dir, family+program))
			if err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
		}
	}
	return nil
}

// CheckPrograms fails with what is missing of programs that every Linux machine with root has.
func CheckPrograms(names ...string) error {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("not on the PATH: %s", strings.Join(missing, ", "))
	}
	return nil
}
