// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// starterVariable makes the test binary start a cluster instead of testing.
const starterVariable = "CLUSTER_TEST_STARTER"

// Bound and Detached are the kinds of clusters that a starter starts.
const (
	Bound    = "bound"
	Detached = "detached"
)

// Main is the TestMain of a suite that has a KilledStarter: it lets the test binary also be a
// program that starts a cluster with those options, says so, and waits for its end.
func Main(m *testing.M, options cluster.Options) {
	kind := os.Getenv(starterVariable)
	if kind == "" {
		os.Exit(m.Run())
	}
	options.Dir, options.Images, options.Log = os.Args[1], os.Args[2:], os.Stdout
	options.Detach = kind == Detached
	_, err := cluster.Start(context.Background(), options)
	fmt.Println("started:", err)
	select {}
}

// KilledStarter runs a starter of a cluster in that directory until its output has a line with the
// text, does what is to be done then, and kills it.
func KilledStarter(ctx context.Context, kind, dir, when string, then func(), images ...string) {
	GinkgoHelper()
	starter := exec.CommandContext(ctx, os.Args[0], append([]string{dir}, images...)...)
	starter.Env = append(os.Environ(), starterVariable+"="+kind)
	out, err := starter.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(starter.Start()).To(Succeed())
	defer func() {
		_ = starter.Process.Kill()
		_ = starter.Wait() // it was killed
	}()
	lines := bufio.NewScanner(out)
	for !strings.Contains(lines.Text(), when) {
		Expect(lines.Scan()).To(BeTrue(), "the starter ended")
		fmt.Fprintln(GinkgoWriter, lines.Text())
	}
	then()
}
