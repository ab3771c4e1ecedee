// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gloo-operator/gloo-operator/test/cluster/node"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// check says why there cannot be such a cluster on this machine.
func (o Options) check() error {
	if o.RealNodes == 0 {
		return nil
	}
	if o.RealNodes < 0 || o.RealNodes > node.Max {
		return fmt.Errorf("a cluster has up to %d real nodes, not %d", node.Max, o.RealNodes)
	}
	dir, err := filepath.Abs(cmp.Or(o.Dir, os.TempDir()))
	if err != nil {
		return err
	}
	for _, directory := range []string{"/etc", "/opt", "/run", "/usr", "/var"} {
		if strings.HasPrefix(dir, directory+"/") {
			return fmt.Errorf("real nodes have their own %s: their state cannot be in %s", directory, dir)
		}
	}
	if err := checkMachine(); err != nil {
		return fmt.Errorf("this machine cannot have real nodes: %w", err)
	}
	return nil
}

func checkMachine() error {
	if os.Geteuid() != 0 {
		return errors.New("run as root, which may make namespaces, mounts and control groups")
	}
	systems, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return err
	}
	if !strings.Contains(string(systems), "\toverlay\n") {
		return errors.New("the kernel does not know the file system overlay (modprobe overlay)")
	}
	if err := toolchain.CheckPrograms("ip"); err != nil {
		return fmt.Errorf("%w (apt-get install iproute2)", err)
	}
	return checkNamespaces()
}

// checkNamespaces makes some for a thread that ends at once.
func checkNamespaces() error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		result <- unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID)
	}()
	if err := <-result; err != nil {
		return fmt.Errorf("making namespaces: %w; a container needs to be a privileged one", err)
	}
	return nil
}
