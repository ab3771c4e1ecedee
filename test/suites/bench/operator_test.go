// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// process is the operator as users run it: its binary, with the chart's rights.
type process struct {
	command *exec.Cmd
	// began is when it was started, and since the end of the audit log at that time.
	began time.Time
	since cluster.Mark
}

// run starts the operator's binary with more arguments. It ends with the spec.
func run(more ...string) *process {
	GinkgoHelper()
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*cluster.TokenKubeconfig(env.OperatorConfig(), OperatorNamespace), kubeconfig)).To(Succeed())
	p := &process{
		command: exec.Command(*binary, append([]string{"run", "--kubeconfig=" + kubeconfig, "--install-namespaces=" + Namespace, "--health-probe-bind-address=0"}, more...)...),
		since:   env.Cluster.Audit().Mark(), began: time.Now(),
	}
	p.command.Stderr = GinkgoWriter
	p.command.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	Expect(p.command.Start()).To(Succeed(), "make bench builds the operator")
	DeferCleanup(p.stop)
	env.Settled()
	return p
}

// stop ends the operator in order, once.
func (p *process) stop() {
	GinkgoHelper()
	if p.command.ProcessState == nil {
		Expect(p.command.Process.Signal(unix.SIGTERM)).To(Succeed())
		Expect(p.command.Wait()).To(Succeed())
	}
}

// running reports whether the operator has not ended.
func (p *process) running() bool { return p.command.Process.Signal(unix.Signal(0)) == nil }

// first is the time from the start to the last request before the operator fell silent.
func (p *process) first() time.Duration {
	GinkgoHelper()
	requests, err := env.Cluster.Audit().Requests(p.since, cluster.FromAgent(Agent),
		func(r cluster.Request) bool { return r.Resource != "leases" })
	Expect(err).NotTo(HaveOccurred())
	Expect(requests).NotTo(BeEmpty())
	var last time.Time
	for _, r := range requests {
		if r.Time.After(last) {
			last = r.Time
		}
	}
	return last.Sub(p.began)
}

// resident is the memory that the operator has, in MiB.
func (p *process) resident() float64 {
	GinkgoHelper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	Expect(err).NotTo(HaveOccurred())
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	Expect(found).To(BeTrue())
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	Expect(err).NotTo(HaveOccurred())
	return kilobytes / 1024
}

// busy is the processor time of the operator so far: /proc/PID/schedstat of each of its
// threads, whose first number is in nanoseconds.
func (p *process) busy() time.Duration {
	GinkgoHelper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.command.Process.Pid))
	Expect(err).NotTo(HaveOccurred())
	var all time.Duration
	for _, thread := range threads {
		content, err := os.ReadFile(thread)
		Expect(err).NotTo(HaveOccurred())
		nanoseconds, err := strconv.ParseInt(strings.Fields(string(content))[0], 10, 64)
		Expect(err).NotTo(HaveOccurred())
		all += time.Duration(nanoseconds)
	}
	return all
}
