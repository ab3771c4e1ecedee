// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// keeper is a transport for one question after the other, on a connection that it keeps until
// that ends. The one of net/http gives a connection up whose request was not written within 50 ms,
// as happens on a busy machine (maxWriteWaitBeforeConnReuse), and that is what is counted here.
type keeper struct {
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	connection net.Conn
	answers    *bufio.Reader
}

// RoundTrip asks on the connection that there is. Where that has ended in the meantime, it asks
// again on a new one, as net/http does.
func (k *keeper) RoundTrip(request *http.Request) (*http.Response, error) {
	if k.connection != nil {
		if response, err := k.ask(request); err == nil || request.Context().Err() != nil {
			return response, err
		}
	}
	connection, err := k.dial(request.Context(), "tcp", addressOf(request))
	if err != nil {
		return nil, err
	}
	k.connection, k.answers = connection, bufio.NewReader(connection)
	return k.ask(request)
}

// ask reads the whole answer, and drops the connection unless another question may follow.
func (k *keeper) ask(request *http.Request) (*http.Response, error) {
	response, err := k.exchange(request)
	if err != nil || response.Close {
		_ = k.connection.Close() // it is of no use any more
		k.connection = nil
	}
	return response, err
}

func (k *keeper) exchange(request *http.Request) (*http.Response, error) {
	deadline, limited := request.Context().Deadline()
	if !limited {
		deadline = time.Time{}
	}
	if err := k.connection.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := request.Write(k.connection); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(k.answers, request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// addressOf is where a request goes; port 80 where its URL has none.
func addressOf(request *http.Request) string {
	if request.URL.Port() == "" {
		return net.JoinHostPort(request.URL.Hostname(), "80")
	}
	return request.URL.Host
}
