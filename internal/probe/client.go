// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// maxResult bounds what a pod may say, in bytes.
const maxResult = 8 << 10

// Why a probe could not be asked.
var (
	// ErrRefused says that nothing listens at the address.
	ErrRefused = errors.New("connection refused")
	// ErrClosed says that the connection was closed before an answer: by a policy, or
	// because the probe ended.
	ErrClosed = errors.New("connection closed")
	// ErrUnreachable says that nothing answered in time, or that nothing leads there.
	ErrUnreachable = errors.New("no answer")
	// ErrInvalid says that the answer is not a probe's.
	ErrInvalid = errors.New("invalid result")
)

// Client asks probes what they know. It is safe for concurrent use.
type Client struct{ http *http.Client }

// NewClient returns a client that gives up after that time, or when the context ends.
func NewClient(timeout time.Duration) Client { return Client{newClient(timeout)} }

// Ask returns what the probe at an address says, such as that of a pod with
// DefaultPorts.Status. The pod may be forged: texts are limited, but whether it is on the
// node that it names is for the caller to compare.
func (c Client) Ask(ctx context.Context, address netip.AddrPort) (Result, error) {
	body, err := get(ctx, c.http, address, "/result", maxResult)
	if err != nil {
		return Result{}, fmt.Errorf("asking the probe at %s: %w", address, kindOf(err))
	}
	var result Result
	if err := json.Unmarshal(body, &result); err != nil {
		return Result{}, fmt.Errorf("asking the probe at %s: %w: not JSON of the expected form", address, ErrInvalid)
	}
	if err := result.validate(); err != nil {
		return Result{}, fmt.Errorf("asking the probe at %s: %w", address, err)
	}
	return result, nil
}

// kindOf adds the error that callers compare with.
func kindOf(err error) error {
	switch {
	case errors.Is(err, errNotAnswered):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case problemOf(err) == unanswered:
		return ErrUnreachable
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	return ErrClosed
}

// validate limits what a pod can say, and makes reason and message fit the state.
func (r *Result) validate() error {
	if !slices.Contains([]State{Proven, Failing, Unknown}, r.State) {
		return fmt.Errorf("%w: unknown state", ErrInvalid)
	}
	if !nodeName.MatchString(r.Node) {
		return fmt.Errorf("%w: not the name of a node", ErrInvalid)
	}
	r.Message = limited(r.Message, maxMessage)
	switch {
	case r.State != Failing:
		r.Reason = ""
	case !slices.Contains(reasons, r.Reason):
		r.Reason = Unrecognized
	}
	return nil
}
