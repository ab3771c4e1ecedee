// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// count is what came of asking.
type count struct {
	Asked  int `json:"asked"`
	Failed int `json:"failed"`
	// Retried is how many attempts did not do, and were made again.
	Retried int `json:"retried"`
	// Connections is how many connections were made.
	Connections int64 `json:"connections"`
	// LastError is of the last attempt that did not do, and LastFailed when that was.
	LastError  string     `json:"lastError,omitempty"`
	LastFailed *time.Time `json:"lastFailed,omitempty"`
}

// ask asks until the context ends. It fails where an answer failed.
func ask(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	every := flags.Duration("every", 100*time.Millisecond, "time from one question to the next")
	timeout := flags.Duration("timeout", 2*time.Second, "longest wait for an answer")
	patience := flags.Duration("patience", 0, "how long to try again before a question has failed")
	reuse := flags.Bool("reuse", false, "keep one connection, and make another one when it has ended")
	connect := flags.Bool("connect", false, "only connect to host:port")
	method := flags.String("method", http.MethodGet, "method of HTTP to ask with")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("ask: want one address")
	}
	var made dialer
	question := made.request(*method, *reuse)
	if *connect {
		question = made.connect
	}
	var so count
	attempt := func() error {
		limited, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		defer func() { so.Connections = made.count.Load() }()
		return question(limited, flags.Arg(0))
	}
	so.repeat(ctx, *every, out, func() error { return so.persist(ctx, attempt, *every, *patience) })
	if so.Failed > 0 {
		return fmt.Errorf("%d of %d failed, the last with: %s", so.Failed, so.Asked, so.LastError)
	}
	return nil
}

// repeat asks, counts, and prints what it has counted each second and at the end.
func (c *count) repeat(ctx context.Context, every time.Duration, out io.Writer, question func() error) {
	asking, printing := time.NewTicker(every), time.NewTicker(time.Second)
	defer asking.Stop()
	defer printing.Stop()
	lines := json.NewEncoder(out)
	for {
		select {
		case <-ctx.Done():
			_ = lines.Encode(c) // to a closed output, nobody listens
			return
		case <-printing.C:
			_ = lines.Encode(c)
		case <-asking.C:
			err := question()
			if ctx.Err() == nil {
				c.take(err, time.Now())
			}
		}
	}
}

func (c *count) take(err error, at time.Time) {
	c.Asked++
	if err != nil {
		c.Failed++
		c.failed(err, at)
	}
}

func (c *count) failed(err error, at time.Time) { c.LastError, c.LastFailed = err.Error(), &at }

// persist makes an attempt again until one does, or patience is at its end.
func (c *count) persist(ctx context.Context, attempt func() error, every, patience time.Duration) error {
	for asked := time.Now(); ; {
		err := attempt()
		if err == nil || time.Since(asked) >= patience || !c.again(ctx, err, every) {
			return err
		}
	}
}

// again waits before the next attempt, and reports whether there is one.
func (c *count) again(ctx context.Context, err error, after time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	c.Retried++
	c.failed(err, time.Now())
	select {
	case <-ctx.Done():
		return false
	case <-time.After(after):
		return true
	}
}

// dialer counts the connections that it makes.
type dialer struct{ count atomic.Int64 }

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		d.count.Add(1)
	}
	return connection, err
}

// request asks by HTTP. Unless connections are reused, each question has one of its own, as
// what is asked about is whether one can be made.
func (d *dialer) request(method string, reuse bool) func(ctx context.Context, address string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: d.dial}}
	if reuse {
		client.Transport = &keeper{dial: d.dial}
	}
	return func(ctx context.Context, address string) error {
		return fetch(ctx, client, method, address, io.Discard)
	}
}

func (d *dialer) connect(ctx context.Context, address string) error {
	connection, err := d.dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// fetch writes what an address answers.
func fetch(ctx context.Context, client *http.Client, method, address string, out io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // the status says enough
		return fmt.Errorf("%s answers %s: %s", address, response.Status, strings.TrimSpace(string(reason)))
	}
	_, err = io.Copy(out, response.Body)
	return err
}
