// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	// maxHeader bounds the headers of a request and of a response.
	maxHeader = 4 << 10
	// maxName bounds the name of a node in a response.
	maxName = 256
)

// errNotAnswered is that of a response which is not a probe's: a proxy has answered that
// it does not let the request through.
var errNotAnswered = errors.New("not the answer of a probe")

// newClient has a connection of its own for each request, and follows nothing.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:       (&net.Dialer{Timeout: timeout, KeepAlive: -1}).DialContext,
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get returns the body of a response, which has to be 200 and not longer than that.
func get(ctx context.Context, client *http.Client, address netip.AddrPort, path string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address.String()+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errNotAnswered, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%w: it is longer than %d bytes", errNotAnswered, limit)
	}
	return body, err
}

// ask asks a peer on both ports, and on each once more if that does not show what it has to.
func (p *prober) ask(ctx context.Context, address netip.Addr) outcome {
	o := outcome{peer: peer{address: address}}
	node, problem := p.persist(ctx, address, p.config.Ports.Traffic, none)
	o.node = node
	if o.problem = problem; problem != none {
		return o
	}
	node, problem = p.persist(ctx, address, p.config.Ports.Forbidden, refused)
	if o.exposed = problem == none; o.exposed && node != "" {
		o.node = node
	}
	// Without an answer in time, nothing shows that a policy has refused the request.
	if problem == unanswered {
		o.problem = unanswered
	}
	return o
}

// persist makes a request, and another one a moment later if the first one has not ended
// as it has to: policies reach a new pod a moment after it is in the mesh.
func (p *prober) persist(ctx context.Context, address netip.Addr, port uint16, expected problem) (string, problem) {
	node, problem := p.request(ctx, address, port)
	if problem == expected {
		return node, problem
	}
	select {
	case <-ctx.Done():
		return node, problem
	case <-p.config.Clock.After(p.config.Timeout / pauses):
	}
	return p.request(ctx, address, port)
}

// pauses is how many pauses before another attempt are as long as a timeout.
const pauses = 6

// request returns the node that a peer says it is on.
func (p *prober) request(ctx context.Context, address netip.Addr, port uint16) (string, problem) {
	body, err := get(ctx, p.client, netip.AddrPortFrom(address, port), "/", maxName)
	if err != nil {
		return "", problemOf(err)
	}
	node := strings.TrimSpace(string(body))
	if !nodeName.MatchString(node) {
		node = ""
	}
	return node, none
}
