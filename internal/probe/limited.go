// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net"
	"sync"
)

// limitedListener accepts a connection when there are less than so many.
type limitedListener struct {
	net.Listener
	free   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newLimited(l net.Listener, connections int) *limitedListener {
	return &limitedListener{Listener: l, free: make(chan struct{}, connections), closed: make(chan struct{})}
}

// Accept waits for a connection to end if there are too many.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConnection{Conn: connection, ended: sync.OnceFunc(func() { <-l.free })}, nil
}

// Close ends Accept as well where it waits.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConnection struct {
	net.Conn
	ended func()
}

// Close lets another connection in.
func (c *limitedConnection) Close() error {
	defer c.ended()
	return c.Conn.Close()
}
