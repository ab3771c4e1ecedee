// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gloo-operator/gloo-operator/test/cluster/namespace"
)

// Names of the processes of a cluster, in the order in which they start.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

// Processes are those of a cluster without real nodes, in the order in which they start.
func Processes() []string {
	return []string{Etcd, APIServer, ControllerManager, Scheduler, Kwok}
}

// Process is one of the cluster's processes, running or not.
type Process struct {
	cluster *Cluster
	name    string
}

// Process gives the handle of the named process. It panics for a name that is not among
// Cluster.Processes.
func (c *Cluster) Process(name string) *Process {
	if !slices.Contains(c.Processes(), name) {
		panic("cluster: no process is called " + name)
	}
	return &Process{cluster: c, name: name}
}

// stopPatience is how long a process may take to end by itself. An API server takes long, since
// it waits for its watches.
const stopPatience = 3 * time.Second

// PID is the process's id, or 0 when it does not run.
func (p *Process) PID() int {
	for _, found := range find(p.cluster.dir, p.name) {
		return found.pid
	}
	return 0
}

// Running says whether the process exists, ready or not.
func (p *Process) Running() bool { return p.PID() != 0 }

// LogFile is the path of what the process printed, over all its starts.
func (p *Process) LogFile() string { return p.cluster.path("logs", p.name+".log") }

// Stop lets the process end in order, kills it if that takes long, and returns when it is gone.
func (p *Process) Stop() error { return p.end(unix.SIGTERM) }

// Kill ends the process without notice, and returns when it is gone.
func (p *Process) Kill() error { return p.end(unix.SIGKILL) }

func (p *Process) end(signal unix.Signal) error {
	for _, found := range find(p.cluster.dir, p.name) {
		if err := found.end(signal, stopPatience); err != nil {
			return err
		}
	}
	return nil
}

// Start starts the process, on the ports it had before, and returns when it is ready. It does
// nothing when the process runs.
func (p *Process) Start(ctx context.Context) error {
	if p.Running() {
		return nil
	}
	ended, err := p.launch()
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	if err := p.waitReady(ctx, ended); err != nil {
		return err
	}
	switch {
	case p.name == Etcd || p.name == APIServer:
		return p.cluster.afterOutage(ctx)
	case path.Base(p.name) == Init:
		return p.cluster.connectNodes()
	}
	return nil
}

// afterOutage follows an outage of the API: kwok forgets what it could not write, and a new one looks
// at every pod. What is stopped stays so.
func (c *Cluster) afterOutage(ctx context.Context) error {
	api := c.Process(APIServer)
	if !api.Running() {
		return nil
	}
	if err := api.waitReady(ctx, nil); err != nil || !c.state.Simulates {
		return err
	}
	c.staging.Lock()
	defer c.staging.Unlock()
	return c.Process(Kwok).restart(ctx)
}

// restart does nothing when the process is stopped.
func (p *Process) restart(ctx context.Context) error {
	if !p.Running() {
		return nil
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return p.Start(ctx)
}

// Run starts another program as a process of the cluster, in place of an earlier one of the
// same name, and returns a channel that is closed when it has ended. It ends with the cluster.
func (c *Cluster) Run(program string, args ...string) (*Process, <-chan struct{}, error) {
	p := &Process{cluster: c, name: filepath.Base(program)}
	if err := p.Stop(); err != nil {
		return nil, nil, err
	}
	log, err := p.openLog()
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	ended, err := c.launcher.launch(p.command(log, program, args...))
	return p, ended, err
}

// command is how the process is started: its environment identifies it.
func (p *Process) command(log *os.File, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(environment(), clusterVariable+"="+p.cluster.dir, processVariable+"="+p.name)
	cmd.Stdout, cmd.Stderr = log, log
	return cmd
}

func (p *Process) openLog() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(p.LogFile()), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(p.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

func (p *Process) launch() (<-chan struct{}, error) {
	log, err := p.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := p.command(log, p.cluster.Binary(path.Base(p.name)), p.component().args(p.cluster)...)
	if home := p.home(); home != "" {
		return p.cluster.launchOn(home, cmd)
	}
	if path.Base(p.name) == Init {
		if err := p.node().MakeGroup(); err != nil {
			return nil, err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespace.Node}
	}
	return p.cluster.launcher.launch(cmd)
}

// waitReady asks the process until it answers; a process that ended will not.
func (p *Process) waitReady(ctx context.Context, ended <-chan struct{}) error {
	limit := time.After(time.Minute)
	probe := p.component().probe(p.cluster)
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return p.failed(errEnded)
		case <-ctx.Done():
			return fmt.Errorf("starting %s: %w", p.name, context.Cause(ctx))
		case <-limit:
			return p.failed(fmt.Errorf("not ready after a minute: %w", err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// failed adds the end of the log to an error.
func (p *Process) failed(err error) error {
	tail := logTail(p.LogFile())
	if bytes.Contains(tail, []byte("address already in use")) {
		err = errPortTaken
	}
	return fmt.Errorf("starting %s: %w; the end of %s:\n%s", p.name, err, p.LogFile(), tail)
}

// logTail is about what fits a screen.
func logTail(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-15):], nil)
}

// environment keeps what a program may need and drops settings of the caller's own, such as a
// proxy or KUBECONFIG.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
