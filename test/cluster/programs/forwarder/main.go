// SPDX-License-Identifier: Apache-2.0

// Command forwarder listens on loopback and passes connections on to a loopback address of another
// network namespace.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/gloo-operator/gloo-operator/test/cluster/namespace"
)

func main() {
	port := flag.Int("port", 0, "port of 127.0.0.1, here and there")
	pid := flag.Int("pid", 0, "a process in the other network namespace")
	flag.Parse()
	fmt.Fprintln(os.Stderr, "forwarder:", serve(fmt.Sprintf("127.0.0.1:%d", *port), *pid))
	os.Exit(1)
}

// serve returns when it cannot go on: when the process has ended, for one.
func serve(address string, pid int) error {
	process, err := namespace.Open(pid)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		namespace.Wait(process)
		listener.Close()
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := forward(conn.(*net.TCPConn), process, address); err != nil {
				fmt.Fprintln(os.Stderr, "forwarder:", err)
			}
		}()
	}
}

// forward ends when both sides have said that they are done.
func forward(outside *net.TCPConn, process *os.File, address string) error {
	defer outside.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := namespace.Dial(ctx, process, "tcp", address)
	if err != nil {
		return err
	}
	inside := conn.(*net.TCPConn)
	defer inside.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		pass(outside, inside)
	}()
	pass(inside, outside)
	<-back
	return nil
}

// pass ends with the connection that it reads; errors are those of peers that went away.
func pass(to, from *net.TCPConn) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
}
