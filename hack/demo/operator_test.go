// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// operatorIn is an operator whose files are in dir.
func operatorIn(dir string) operator {
	return operator{
		kubeconfig: filepath.Join(dir, "kubeconfig"),
		log:        filepath.Join(dir, "gloo-operator.log"),
		pid:        filepath.Join(dir, "gloo-operator.pid"),
		patience:   10 * time.Second,
	}
}

// started starts an operator that is played by this test binary.
func (o operator) started(kind string) <-chan struct{} {
	GinkgoHelper()
	Expect(os.Setenv(operatorVariable, kind)).To(Succeed())
	DeferCleanup(os.Unsetenv, operatorVariable)
	ended, err := o.start(os.Args[0])
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(o.stop)
	Eventually(func() ([]byte, error) { return os.ReadFile(o.log) }).Should(ContainSubstring("listening"))
	return ended
}

var _ = Describe("The operator's process", func() {
	It("runs until it is stopped", func() {
		o := operatorIn(GinkgoT().TempDir())
		ended := o.started("obedient")
		Expect(o.running()).NotTo(BeZero())
		Expect(o.stop()).To(Succeed())
		Eventually(ended).Should(BeClosed())
		Expect(o.running()).To(BeZero())
	})

	It("is replaced when it is started again", func() {
		o := operatorIn(GinkgoT().TempDir())
		first := o.started("obedient")
		o.started("obedient")
		Eventually(first).Should(BeClosed())
		Expect(o.running()).NotTo(BeZero())
	})

	It("is killed when it does not listen", func() {
		o := operatorIn(GinkgoT().TempDir())
		o.patience = 300 * time.Millisecond
		ended := o.started("deaf")
		Expect(o.stop()).To(Succeed())
		Eventually(ended).Should(BeClosed())
	})

	It("is not the operator of another cluster", func() {
		other, mine := operatorIn(GinkgoT().TempDir()), operatorIn(GinkgoT().TempDir())
		other.started("obedient")
		pid, err := os.ReadFile(other.pid)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(mine.pid, pid, 0o600)).To(Succeed())
		Expect(mine.stop()).To(Succeed())
		Expect(other.running()).NotTo(BeZero())
	})

	It("is never a process that has its pid by chance", func() {
		o := operatorIn(GinkgoT().TempDir())
		Expect(os.WriteFile(o.pid, []byte(strconv.Itoa(os.Getpid())), 0o600)).To(Succeed())
		Expect(o.stop()).To(Succeed())
		Expect(syscall.Kill(os.Getpid(), 0)).To(Succeed())
	})
})
