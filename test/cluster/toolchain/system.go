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

// System gives a directory that, laid over the root directory, adds what a real node needs of Debian's
// packages, with the libraries that this machine lacks. It is empty if they are installed.
// Otherwise they are unpacked into the user's cache, the first time: nothing is installed.
func System(ctx context.Context, log io.Writer) (string, error) {
	return systemFor(ctx, "/", log)
}

// systemFor is for a machine with that root directory.
func systemFor(ctx context.Context, root string, log io.Writer) (string, error) {
	if systemInstalled(root) {
		return "", nil
	}
	target, err := unpacked(ctx, "system", log, func(archives string) error {
		fmt.Fprintf(log, "downloading Debian's packages %s\n", strings.Join(systemPackages, ", "))
		return downloadSystem(ctx, archives)
	}, chooseIptables)
	if err != nil {
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

// downloadSystem has apt-get find out which libraries are missing. Of the packages themselves it
// also gets those that are installed, so that what is unpacked is complete.
func downloadSystem(ctx context.Context, archives string) error {
	return apt(ctx, archives, append([]string{
		"install", "--download-only", "--reinstall", "--yes", "--no-install-recommends",
		"-o", "Dir::Cache::archives=" + archives, "-o", "Debug::NoLocking=1",
	}, systemPackages...)...)
}

// IptablesLinks are the links that the scripts of Debian's package iptables make in /usr/sbin, with
// what they point to: they choose the programs of nf_tables, see
// https://manpages.debian.org/bookworm/iptables/iptables-nft.8.en.html.
func IptablesLinks() map[string]string {
	links := map[string]string{}
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, program := range []string{"", "-save", "-restore"} {
			links[family+program] = family + "-nft" + program
		}
	}
	return links
}

// chooseIptables makes those links below a root directory.
func chooseIptables(root string) error {
	for name, variant := range IptablesLinks() {
		err := os.Symlink(variant, filepath.Join(root, "usr", "sbin", name))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
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
