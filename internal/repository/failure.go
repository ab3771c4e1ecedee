// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Error is why charts cannot be had. Its text holds no credentials and no query of
// a URL, and ends with what to do where somebody has to do something.
type Error struct {
	// Reason is a constant of api/v1.
	Reason string
	// Temporary failures may pass by themselves; others need a person.
	Temporary bool
	text      string
}

func (e *Error) Error() string { return e.text }

func certain(reason, format string, arguments ...any) *Error {
	return &Error{Reason: reason, text: fmt.Sprintf(format, arguments...)}
}

func temporary(format string, arguments ...any) *Error {
	return &Error{Reason: v1.ReasonRepositoryUnavailable, Temporary: true, text: fmt.Sprintf(format, arguments...)}
}

var (
	errDeadline = errors.New("the download took too long")
	errSlow     = errors.New("the server sends too slowly")
	errHTTPS    = errors.New("it leads to a URL without TLS")
)

// classify makes an *Error of whatever went wrong with a chart, and names the chart.
func classify(ctx context.Context, chart string, source Source, err error) *Error {
	failure := &Error{}
	if !errors.As(err, &failure) {
		failure = explain(ctx, err)
	}
	return &Error{
		Reason: failure.Reason, Temporary: failure.Temporary,
		text: fmt.Sprintf("chart %s %s of %s: %s", chart, source.Version, source.URL, failure.text),
	}
}

// explain tells what needs a person from what may pass. Texts of URLs are left out:
// those that a server redirects to may be signed.
func explain(ctx context.Context, err error) *Error {
	answer := &errcode.ErrorResponse{}
	unsafe := &url.Error{}
	switch {
	case errors.As(err, &answer):
		return refused(answer.StatusCode)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return refused(http.StatusUnauthorized)
	case untrusted(err):
		return certain(v1.ReasonRepositoryUntrusted, "%v: put the CA's certificate into a Secret of spec.repository.secrets, as ca.crt", root(err))
	case errors.Is(err, errHTTPS):
		return certain(v1.ReasonRepositoryInvalid, "%v: the repository must be served by https throughout", errHTTPS)
	case ctx.Err() != nil:
		return temporary("%v", context.Cause(ctx))
	case errors.As(err, &unsafe):
		return temporary("%v", unsafe.Err)
	default:
		return temporary("%v", err)
	}
}

// untrusted tells a certificate that does not verify.
func untrusted(err error) bool {
	verification := &tls.CertificateVerificationError{}
	authority, host, invalid := x509.UnknownAuthorityError{}, x509.HostnameError{}, x509.CertificateInvalidError{}
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// root is the innermost of the errors that wrap each other.
func root(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// refused explains an answer that brings no content.
func refused(status int) *Error {
	said := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return certain(v1.ReasonRepositoryDenied, "%s: check the credentials in spec.repository.secrets, and what they may read", said)
	case status == http.StatusNotFound || status == http.StatusGone:
		return certain(v1.ReasonChartNotFound, "%s: set spec.version to one that the repository has, or check spec.repository.url", said)
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return temporary("%s", said)
	default:
		return certain(v1.ReasonRepositoryInvalid, "%s: check spec.repository.url", said)
	}
}

// NoSecret says that a Secret of the repository cannot be had. It needs a person.
func NoSecret(format string, arguments ...any) *Error {
	return certain(v1.ReasonRepositorySecret, format, arguments...)
}
