// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listenerOptions let two processes listen on the same port: the old one and the new one
// while they are replaced.
var listenerOptions = func() *net.ListenConfig {
	options := &net.ListenConfig{Control: control(func(descriptor int, _ string) error {
		return unix.SetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})}
	options.SetMultipathTCP(false) // such a socket does not know the original destination
	return options
}()

// listener is a socket of a port on which a successor may listen as well.
type listener interface {
	syscall.Conn
	SetDeadline(time.Time) error
}

// handover is how long a listener takes what the kernel had given it already.
const handover = 100 * time.Millisecond

// successor selects the second one of the sockets that listen on a port, which is the
// successor's, as it listens since later. Without one, the kernel goes on as before.
var successor = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 1}

// retire has the kernel give what is new to the successor, and lets the listener time out
// when it has taken the rest. The kernel resets what a closed listener has not accepted.
func retire(l listener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(descriptor uintptr) {
		failed = unix.SetsockoptSockFprog(int(descriptor), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &unix.SockFprog{Len: 1, Filter: &successor})
	})
	return errors.Join(err, failed, l.SetDeadline(time.Now().Add(handover)))
}
