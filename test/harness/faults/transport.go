// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"io"
	"net/http"
)

// transport carries the requests of a client.
type transport struct {
	injector *Injector
	next     http.RoundTripper
}

// RoundTrip sends a request, or what the rules make of it.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.injector.alive.Err() != nil {
		return unsent(r, errDead)
	}
	fault, ends := t.injector.admit(requestOf(r))
	if fault.call != nil {
		fault.call()
	}
	if fault.dies && !fault.acts {
		t.injector.Kill()
		return unsent(r, errDead)
	}
	if fault.answer != nil && !fault.acts {
		_, _ = unsent(r, nil)
		return fault.answer(r)
	}
	response, err := t.send(r, ends)
	if err != nil || !fault.acts {
		return response, err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if fault.dies {
		t.injector.Kill()
		return nil, errDead
	}
	return fault.answer(r)
}

// unsent closes what the request would have sent, as a transport has to.
func unsent(r *http.Request, err error) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return nil, err
}

// send lets the API server act. The request and the reading of its answer end with
// that context.
func (t *transport) send(r *http.Request, ends context.Context) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(ends, cancel)
	release := func() { stop(); cancel() }
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		release()
		return nil, err
	}
	response.Body = &body{ReadCloser: response.Body, ends: ends, release: release}
	return response, nil
}

// WrappedRoundTripper lets client-go find the transport below.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.next }

// body is an answer that ends with its request's context.
type body struct {
	io.ReadCloser
	ends    context.Context
	release func()
}

// Read reads the answer. One that is cut off ends as a lost connection does.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && b.ends.Err() != nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close closes the answer.
func (b *body) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
