package cluster

import (
	"os"
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
func (l *launcher) launch(program string, args, env []string, log *os.File) (<-chan struct{}, error) {
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	if l.detached {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	} else {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	}
	r := request{cmd: cmd, done: make(chan error)}
	l.requests <- r
	if err := <-r.done; err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended stands in its log
	}()
	return ended, nil
}

func (l *launcher) close() {
	l.closed.Do(func() { close(l.requests) })
}
