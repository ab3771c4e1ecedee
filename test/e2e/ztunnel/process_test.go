// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"golang.org/x/sys/unix"

	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

// unpacked is the image of that name in a directory, with what a container has besides.
func unpacked(name string) string {
	GinkgoHelper()
	found, err := imagebuild.Find(made, name)
	Expect(err).NotTo(HaveOccurred())
	// A short path: those of sockets below it may have 107 characters.
	parent, err := os.MkdirTemp("", "standin-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, parent)
	Expect(os.Chmod(parent, 0o755)).To(Succeed())
	root := filepath.Join(parent, "root")
	_, err = found.Unpack(root)
	Expect(err).NotTo(HaveOccurred())
	write(root, "etc/hosts", "127.0.0.1 localhost\n")
	write(root, "etc/resolv.conf", "nameserver 127.0.0.1\n")
	null := filepath.Join(root, "dev", "null")
	Expect(os.MkdirAll(filepath.Dir(null), 0o755)).To(Succeed())
	Expect(unix.Mknod(null, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))).To(Succeed(), "this needs root")
	Expect(os.Chmod(null, 0o666)).To(Succeed())
	return root
}

// write writes a file below a root, and the directories that it is in.
func write(root, name, content string) {
	GinkgoHelper()
	file := filepath.Join(root, name)
	Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
	Expect(os.WriteFile(file, []byte(content), 0o644)).To(Succeed())
}

// start runs a program until the specs are over, or it is told to end. It ends with this
// process, too.
func start(cmd *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	session, err := gexec.Start(cmd, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait(10 * time.Second) })
	return session
}

// freePort is one on the loopback address, at least for a moment.
func freePort() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return "127.0.0.1:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
