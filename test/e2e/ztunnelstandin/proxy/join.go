// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"sync"
)

// stream is one end of a connection.
type stream interface {
	io.ReadWriteCloser
	// CloseWrite says that nothing more is written.
	CloseWrite() error
}

// join passes on what two ends say until both have ended. It returns how many bytes the
// first one has sent and received.
func join(client, server stream) (sent, received int64) {
	var both sync.WaitGroup
	both.Go(func() { sent = pass(server, client) })
	received = pass(client, server)
	both.Wait()
	return sent, received
}

// pass closes both ends when one breaks.
func pass(to, from stream) int64 {
	n, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		_, _ = from.Close(), to.Close() // broken already
	}
	return n
}
