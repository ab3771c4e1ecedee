// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// network is a network namespace with nothing but a loopback address.
type network struct {
	jobs chan func()
	// handle keeps it, and is what processes get of it.
	handle *os.File
}

// newNetwork makes one, by a thread that stays in it.
func newNetwork() *network {
	GinkgoHelper()
	n := &network{jobs: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the thread ends with its goroutine
		made <- n.enter()
		for job := range n.jobs {
			job()
		}
	}()
	Expect(<-made).To(Succeed(), "this needs root")
	DeferCleanup(func() error { close(n.jobs); return n.handle.Close() })
	return n
}

func (n *network) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("bringing lo up: %w: %s", err, out)
	}
	var err error
	n.handle, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	return err
}

// do runs a function in the network. Processes that it starts are in it.
func (n *network) do(job func()) {
	done := make(chan struct{})
	n.jobs <- func() { defer close(done); job() }
	<-done
}

// link connects two networks by an Ethernet link, eth0 in each.
func (n *network) link(other *network) {
	GinkgoHelper()
	n.ip([]*os.File{other.handle}, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", "/proc/self/fd/3")
}

// connect gives the link addresses, and makes it the way to all others.
func (n *network) connect(addresses ...string) {
	GinkgoHelper()
	n.ip(nil, "link", "set", "eth0", "up")
	for _, address := range addresses {
		n.ip(nil, "address", "add", address, "dev", "eth0", "nodad")
	}
}

func (n *network) ip(files []*os.File, arguments ...string) {
	GinkgoHelper()
	cmd := exec.Command("ip", arguments...)
	cmd.ExtraFiles = files
	var out []byte
	var err error
	n.do(func() { out, err = cmd.CombinedOutput() })
	Expect(err).NotTo(HaveOccurred(), "ip %v: %s", arguments, out)
}

// inode names the network.
func (n *network) inode() uint64 {
	GinkgoHelper()
	var info unix.Stat_t
	Expect(unix.Fstat(int(n.handle.Fd()), &info)).To(Succeed())
	return info.Ino
}

// forward makes an address of this machine's loopback the same in the network.
func (n *network) forward(address string) {
	GinkgoHelper()
	var listener net.Listener
	var err error
	n.do(func() { listener, err = net.Listen("tcp", address) })
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go func() {
		for {
			inside, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go join(inside, address)
			}
		}
	}()
}

// join passes on what two ends say until both have ended.
func join(inside net.Conn, address string) {
	defer inside.Close()
	outside, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer outside.Close()
	go func() {
		_, _ = io.Copy(outside, inside)
		_ = outside.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(inside, outside)
}
