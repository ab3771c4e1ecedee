// SPDX-License-Identifier: Apache-2.0

// Command init is the first process of a real node, in namespaces of its own: it arranges the
// node's directories, says so in the file /run/node-ready, and from then on collects processes that
// lost their parent. When it ends, the kernel ends all that runs on the node, and the mounts, the
// links and the namespaces are gone.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	dir := flag.String("dir", "", "directory of the node's state")
	system := flag.String("system", "", "directory to lay over /usr, with programs that the machine lacks")
	flag.Parse()
	if err := arrange(*dir, *system); err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1)
	}
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil {
			_, _ = unix.Ppoll(nil, &unix.Timespec{Nsec: 200e6}, nil) // there is no child now
		}
	}
}

// arrange gives the node its own /run, /proc, /etc, /opt and /var. What it writes to the last three
// goes to its state directory.
func arrange(dir, system string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	for _, directory := range []string{"/etc", "/opt", "/var"} {
		if err := overlay(directory, filepath.Join(dir, directory)); err != nil {
			return err
		}
	}
	if err := mountSystem(system); err != nil {
		return err
	}
	if err := mountFresh(); err != nil {
		return err
	}
	// CNI plugins and istio-cni want to see mounts that others make later.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("making mounts shared: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("turning the node into a router: %w", err)
	}
	return os.WriteFile("/run/node-ready", nil, 0o644)
}

// overlay makes a directory writable without changing it.
func overlay(directory, writes string) error {
	upper, work := filepath.Join(writes, "upper"), filepath.Join(writes, "work")
	for _, made := range []string{upper, work} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", directory, upper, work)
	if err := unix.Mount("overlay", directory, "overlay", 0, options); err != nil {
		return fmt.Errorf("laying %s over %s: %w", upper, directory, err)
	}
	return nil
}

// mountSystem adds to the programs and libraries of the machine.
func mountSystem(system string) error {
	if system == "" {
		return nil
	}
	layers := []string{filepath.Join(system, "usr"), "/usr"}
	if err := unix.Mount("overlay", "/usr", "overlay", 0, "lowerdir="+strings.Join(layers, ":")); err != nil {
		return fmt.Errorf("laying %s over /usr: %w", layers[0], err)
	}
	return nil
}

func mountFresh() error {
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	return os.MkdirAll("/run/netns", 0o755)
}
