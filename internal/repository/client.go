// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// maxRedirects is how many redirects are followed.
const maxRedirects = 5

// httpDoer sends a request: an *http.Client, or the registry client that answers
// challenges.
type httpDoer interface {
	Do(*http.Request) (*http.Response, error)
}

// newClient returns a client that uses TLS only, sends no credentials to another host when
// redirected, and aborts responses without progress.
func newClient(skipVerify bool, access Access, limits Limits) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if len(access.CA) > 0 && !roots.AppendCertsFromPEM(access.CA) {
		return nil, permanent(v1.ReasonRepositorySecret, "ca.crt in spec.repository.secrets has no certificate in PEM: fix the Secret")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, InsecureSkipVerify: skipVerify, MinVersion: tls.VersionTLS12}
	transport.DisableCompression = true // What is bounded is what comes over the wire.
	transport.DisableKeepAlives = true  // Nothing is left open between two fetches.
	return &http.Client{Transport: &stallGuard{next: transport, limits: limits}, CheckRedirect: checkRedirect}, nil
}

func checkRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	if request.URL.Host != via[0].URL.Host {
		request.Header.Del("Authorization")
	}
	request.Header.Del("Referer") // The URL before may be signed.
	return nil
}

// get reads a response of at most limit bytes.
func get(ctx context.Context, client httpDoer, url, accept string, limit int64, prepare func(*http.Request)) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("User-Agent", "gloo-operator")
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	if prepare != nil {
		prepare(request)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil, statusError(response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if int64(len(content)) > limit {
		return nil, nil, tooLarge(limit)
	}
	return content, response.Header, err
}

func tooLarge(limit int64) *Error {
	return permanent(v1.ReasonChartInvalid, "it is larger than the %d bytes that are allowed: publish the chart as Istio does", limit)
}

// stallGuard aborts responses without progress, and rejects requests without TLS.
type stallGuard struct {
	next   http.RoundTripper
	limits Limits
}

// RoundTrip sends a request and watches the progress of its response until the body is
// closed.
func (g *stallGuard) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "https" {
		return nil, errHTTPS
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	watch := &progress{ctx: ctx, cancel: cancel, limits: g.limits}
	watch.begin()
	response, err := g.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		watch.end()
		return nil, watch.explain(err)
	}
	response.Body = &watchedBody{ReadCloser: response.Body, watch: watch}
	return response, nil
}

// progress counts bytes, and cancels a request that receives too few of them.
type progress struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limits Limits

	mu    sync.Mutex
	bytes int64
	timer *time.Timer
}

func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(p.limits.Window, p.check)
}

// check runs at the end of each window.
func (p *progress) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes < p.limits.MinBytes {
		p.cancel(errSlow)
		return
	}
	p.bytes = 0
	p.timer.Reset(p.limits.Window)
}

func (p *progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += int64(n)
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
	p.cancel(nil)
}

// explain returns the cause if the request was aborted.
func (p *progress) explain(err error) error {
	if cause := context.Cause(p.ctx); errors.Is(cause, errSlow) || errors.Is(cause, errDeadline) {
		return cause
	}
	return err
}

type watchedBody struct {
	io.ReadCloser
	watch *progress
}

// Read counts bytes. An EOF while the request is aborted is not the end of the content:
// closing a TLS connection takes time, in which the server can end its response.
func (b *watchedBody) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	b.watch.add(n)
	if err != nil {
		err = b.watch.explain(err)
	}
	return n, err
}

// Close stops watching the response.
func (b *watchedBody) Close() error {
	b.watch.end()
	return b.ReadCloser.Close()
}
