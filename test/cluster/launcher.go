// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launcher starts processes. Those of a cluster that is not detached are killed by the kernel
// when this process ends; the kernel takes the end of the thread that started them for that, so
// one thread starts them all and stays.
type launcher struct {
	detached bool
	requests chan request
	closed   sync.Once
}

type request struct {
	cmd  *exec.Cmd
	done chan error
}

func newLauncher(detached bool) *launcher {
	l := &launcher{detached: detached, requests: make(chan request)}
	go l.run()
	return l
}

func (l *launcher) run() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for r := range l.requests {
		r.done <- r.cmd.Start()
	}
}

// launch starts a program and returns a channel that is closed when it has ended.
func (l *launcher) launch(cmd *exec.Cmd) (<-chan struct{}, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if l.detached {
		cmd.SysProcAttr.Setsid = true
	} else {
		cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	}
	r := request{cmd: cmd, done: make(chan error)}
	l.requests <- r
	if err := <-r.done; err != nil {
		return nil, err
	}
	return waited(cmd), nil
}

// waited is a channel that is closed when the process has ended.
func waited(cmd *exec.Cmd) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended stands in its log
	}()
	return ended
}

func (l *launcher) close() {
	l.closed.Do(func() { close(l.requests) })
}
