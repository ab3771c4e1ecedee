// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fault is what happens to a request. The zero Fault is none: the request is sent.
type Fault struct {
	// acts lets the API server act, and drops its answer.
	acts bool
	// dies lets the client die.
	dies bool
	// answer is what the client gets in the place of the API server's answer.
	answer func(*http.Request) (*http.Response, error)
	// call is called before anything else.
	call func()
}

// The deaths of a client.
var (
	// DieBeforeSending lets the client die before it sends the request.
	DieBeforeSending = Fault{dies: true}
	// DieAfterActing lets the client die when the API server has acted, before the
	// client reads the answer.
	DieAfterActing = Fault{dies: true, acts: true}
)

// AfterActing is the same fault, coming when the API server has acted: the client
// does not learn that it has.
func (f Fault) AfterActing() Fault {
	f.acts = true
	return f
}

// Call calls a function and then sends the request. Requests under way at the same
// time do not wait for it.
func Call(f func()) Fault { return Fault{call: f} }

// InternalError answers 500.
func InternalError() Fault {
	return status(http.StatusInternalServerError, metav1.StatusReasonInternalError, "Internal error occurred: injected", 0)
}

// Conflict answers 409.
func Conflict() Fault {
	return status(http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified: injected", 0)
}

// Forbidden answers 403.
func Forbidden() Fault {
	return status(http.StatusForbidden, metav1.StatusReasonForbidden, "forbidden: injected", 0)
}

// TooManyRequests answers 429 with a header that asks to come back after so many
// seconds, as the API server's priority and fairness does.
func TooManyRequests(seconds int) Fault {
	return status(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many requests: injected", seconds)
}

// GatewayTimeout answers 504, as the API server does when etcd takes too long.
func GatewayTimeout() Fault {
	return status(http.StatusGatewayTimeout, metav1.StatusReasonTimeout, "the server was unable to return a response in time: injected", 0)
}

// Timeout fails like a client whose own patience is at its end.
func Timeout() Fault {
	return Fault{answer: func(*http.Request) (*http.Response, error) { return nil, os.ErrDeadlineExceeded }}
}

// ConnectionReset fails like a connection that the other side has reset.
func ConnectionReset() Fault {
	return Fault{answer: func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}}
}

// status answers with a Status object.
func status(code int, reason metav1.StatusReason, message string, retryAfter int) Fault {
	return Fault{answer: func(r *http.Request) (*http.Response, error) {
		answer := metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
		}
		header := http.Header{"Content-Type": {"application/json"}}
		if retryAfter > 0 {
			answer.Details = &metav1.StatusDetails{RetryAfterSeconds: int32(retryAfter)}
			header.Set("Retry-After", strconv.Itoa(retryAfter))
		}
		content, err := json.Marshal(answer)
		if err != nil {
			return nil, err
		}
		return &http.Response{
			StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content)), Request: r,
		}, nil
	}}
}
