// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The environment of every process says which cluster it belongs to and what it is there. So
// processes are found without pid files, which a starter that is killed may not have written.
const (
	clusterVariable = "GLOO_OPERATOR_CLUSTER"
	processVariable = "GLOO_OPERATOR_PROCESS"
)

// proc is a process of a cluster. Its start time distinguishes it from a later one with the same pid.
type proc struct {
	pid     int
	started string
	cluster string
	name    string
}

// findAll lists the processes of all clusters of this user.
func findAll() []proc {
	stats, _ := filepath.Glob("/proc/[0-9]*")
	var found []proc
	for _, dir := range stats {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if p, ok := identify(pid); ok {
			found = append(found, p)
		}
	}
	return found
}

// find lists the processes of the cluster with state in dir, with an optional name.
func find(dir string, names ...string) []proc {
	var found []proc
	for _, p := range findAll() {
		if p.cluster == dir && (len(names) == 0 || p.name == names[0]) {
			found = append(found, p)
		}
	}
	return found
}

// identify reads who a process is. Processes that are gone, zombies, and other people's are not
// ours.
func identify(pid int) (proc, bool) {
	started, err := startTime(pid)
	if err != nil {
		return proc{}, false
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return proc{}, false
	}
	p := proc{pid: pid, started: started}
	for _, entry := range bytes.Split(environ, []byte{0}) {
		switch name, value, _ := strings.Cut(string(entry), "="); name {
		case clusterVariable:
			p.cluster = value
		case processVariable:
			p.name = value
		}
	}
	return p, p.cluster != "" && p.name != "" && runs(pid, path.Base(p.name))
}

// runs distinguishes a process from those that it started, which may have inherited its environment: a
// container's shim lives on when containerd is gone.
func runs(pid int, program string) bool {
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && filepath.Base(strings.TrimSuffix(executable, " (deleted)")) == program
}

// startTime is field 22 of the process's stat, counted after the name, which may hold anything.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("process %d has a strange stat", pid)
	}
	if fields[0] == "Z" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return fields[19], nil
}

// open gives a handle that stays with the process even when its pid is used again, or nil if it
// is gone already.
func (p proc) open() (*os.File, error) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s, pid %d: %w", p.name, p.pid, err)
	}
	handle := os.NewFile(uintptr(fd), p.name)
	if now, ok := identify(p.pid); !ok || now != p {
		handle.Close()
		return nil, nil
	}
	return handle, nil
}

// end sends the signal, and SIGKILL after the patience, and waits until the process is gone.
func (p proc) end(signal unix.Signal, patience time.Duration) error {
	handle, err := p.open()
	if err != nil || handle == nil {
		return err
	}
	defer handle.Close()
	for _, attempt := range []unix.Signal{signal, unix.SIGKILL} {
		err := unix.PidfdSendSignal(int(handle.Fd()), attempt, nil, 0)
		if errors.Is(err, unix.ESRCH) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("signalling %s, pid %d: %w", p.name, p.pid, err)
		}
		if waitGone(int(handle.Fd()), patience) {
			return nil
		}
	}
	return fmt.Errorf("%s, pid %d, does not end", p.name, p.pid)
}

// waitGone relies on a pidfd becoming readable when its process ends.
func waitGone(pidfd int, patience time.Duration) bool {
	deadline := time.Now().Add(patience)
	for {
		left := time.Until(deadline).Milliseconds()
		if left < 0 {
			return false
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(left))
		if err == nil && ready > 0 {
			return true
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
	}
}

// killPatience is for a killed process whose memory takes its time to be freed.
const killPatience = 20 * time.Second

// endAll kills what belongs to a cluster, and looks again, since a process that was just being
// started may appear late.
func endAll(dir string) error {
	var problems []error
	for range 3 {
		processes := find(dir)
		if len(processes) == 0 {
			return nil
		}
		problems = nil
		for _, p := range processes {
			problems = append(problems, p.end(unix.SIGKILL, killPatience))
		}
	}
	return errors.Join(problems...)
}
