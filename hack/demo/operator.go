// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// operator is the operator as a process beside the cluster's own.
type operator struct {
	// kubeconfig is that of the chart's ServiceAccount.
	kubeconfig string
	// log and pid are files in the cluster's state folder, and go with it.
	log, pid string
	// patience is how long it may take to end by itself.
	patience time.Duration
}

func operatorOf(c *cluster.Cluster) operator {
	logs := filepath.Join(c.Dir(), "logs")
	return operator{
		kubeconfig: filepath.Join(logs, "gloo-operator.kubeconfig"),
		log:        filepath.Join(logs, "gloo-operator.log"),
		pid:        filepath.Join(logs, "gloo-operator.pid"),
		patience:   10 * time.Second,
	}
}

func (o operator) args() []string {
	return []string{
		"run", "--kubeconfig=" + o.kubeconfig, "--leader-elect=false", "--install-namespaces=istio-system",
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--log-format=console",
	}
}

// start starts the operator anew, detached from this process, and returns a
// channel that is closed when it has ended.
func (o operator) start(binary string) (<-chan struct{}, error) {
	if err := o.stop(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(o.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, o.args()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the operator, which make build makes: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended stands in its log
	}()
	if err := os.WriteFile(o.pid, []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill())
	}
	return ended, nil
}

// stop ends the operator of this cluster, if it runs, and returns when it has.
func (o operator) stop() error {
	pid := o.running()
	if pid == 0 {
		return nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	gone := func(context.Context) (bool, error) { return o.running() != pid, nil }
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping the operator, pid %d: %w", pid, err)
		}
		if wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, o.patience, true, gone) == nil {
			return nil
		}
	}
	return fmt.Errorf("the operator, pid %d, does not end", pid)
}

// running is the operator's pid, or 0. A process that has the pid but not the
// operator's arguments for this very cluster is somebody else's.
func (o operator) running() int {
	content, err := os.ReadFile(o.pid)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return 0
	}
	args := strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
	if !slices.Equal(args[1:], o.args()) {
		return 0
	}
	return pid
}
