// SPDX-License-Identifier: Apache-2.0

// Package namespace works in the namespaces of other processes.
package namespace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Kinds of namespaces that a process can be entered by. Mount and process namespaces, and the
// network's, are what makes a node.
const (
	Network = unix.CLONE_NEWNET
	Node    = unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID
)

// Open gives a handle of a process, for Enter and Dial. It stays with the process even when its id
// is used again, and does not keep its namespaces alive.
func Open(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), "process"), nil
}

// Wait returns when the process has ended.
func Wait(process *os.File) {
	for {
		// A handle becomes readable when its process ends.
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(process.Fd()), Events: unix.POLLIN}}, -1)
		if ready > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// Enter runs f on a thread in namespaces of the process. Sockets that f opens and processes that it
// starts are in there; goroutines that it starts are not.
func Enter(process *os.File, kinds int, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		if err := enter(process, kinds); err != nil {
			done <- fmt.Errorf("entering namespaces of a process: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

func enter(process *os.File, kinds int) error {
	if kinds&unix.CLONE_NEWNS != 0 {
		// A thread that shares its root directory with others may not change it.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
	}
	return unix.Setns(int(process.Fd()), kinds)
}

// Dial connects to a numeric address in the network namespace of the process.
func Dial(ctx context.Context, process *os.File, network, address string) (conn net.Conn, err error) {
	err = Enter(process, Network, func() error {
		var dialer net.Dialer
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}
