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
	"time"
)

// count is what came of asking.
type count struct {
	Asked  int `json:"asked"`
	Failed int `json:"failed"`
	// LastError is of the last that failed, and LastFailed when that was.
	LastError  string     `json:"lastError,omitempty"`
	LastFailed *time.Time `json:"lastFailed,omitempty"`
}

// ask asks until the context ends. It fails where an answer failed.
func ask(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	every := flags.Duration("every", 100*time.Millisecond, "time from one question to the next")
	timeout := flags.Duration("timeout", 2*time.Second, "longest wait for an answer")
	connect := flags.Bool("connect", false, "only connect to host:port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("ask: want one address")
	}
	question := get
	if *connect {
		question = dial
	}
	var so count
	so.repeat(ctx, *every, out, func() error {
		limited, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		return question(limited, flags.Arg(0))
	})
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
		c.LastError, c.LastFailed = err.Error(), &at
	}
}

// client makes a connection for each question, as what is asked about is whether one can
// be made.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func get(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

func dial(ctx context.Context, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}
