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

// Error is a failure to get charts. Its text has no credentials and no query of a URL, and
// ends with what to do if a person has to act.
type Error struct {
	// Reason is a constant of api/v1.
	Reason string
	// Temporary reports whether the failure can pass by itself. Others need a person to
	// act.
	Temporary bool
	text      string
}

func (e *Error) Error() string { return e.text }

func permanent(reason, format string, arguments ...any) *Error {
	return &Error{Reason: reason, text: fmt.Sprintf(format, arguments...)}
}

func temporary(format string, arguments ...any) *Error {
	return &Error{Reason: v1.ReasonRepositoryUnavailable, Temporary: true, text: fmt.Sprintf(format, arguments...)}
}

var (
	errDeadline = errors.New("the download took too long")
	errSlow     = errors.New("the server sends too slowly")
	errHTTPS    = errors.New("it leads to a URL that is not https")
)

// classify returns any error as an *Error, prefixed with the chart.
func classify(ctx context.Context, chart string, source Source, err error) *Error {
	failure := toError(ctx, err)
	return &Error{
		Reason: failure.Reason, Temporary: failure.Temporary,
		text: fmt.Sprintf("chart %s %s of %s: %s", chart, source.Version, source.URL, failure.text),
	}
}

// toError returns any error as an *Error.
func toError(ctx context.Context, err error) *Error {
	failure := &Error{}
	if errors.As(err, &failure) {
		return failure
	}
	return explain(ctx, err)
}

// explain classifies an error as temporary or permanent. URLs are omitted: those of
// redirects can be signed.
func explain(ctx context.Context, err error) *Error {
	answer := &errcode.ErrorResponse{}
	unsafe := &url.Error{}
	switch {
	case errors.As(err, &answer):
		return statusError(answer.StatusCode)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return statusError(http.StatusUnauthorized)
	case untrusted(err):
		return permanent(v1.ReasonRepositoryUntrusted, "%v: add the CA's certificate as ca.crt to a Secret in spec.repository.secrets", root(err))
	case errors.Is(err, errHTTPS):
		return permanent(v1.ReasonRepositoryInvalid, "%v: serve the repository and all redirects over https", errHTTPS)
	case ctx.Err() != nil:
		return temporary("%v", context.Cause(ctx))
	case errors.As(err, &unsafe):
		return temporary("%v", unsafe.Err)
	default:
		return temporary("%v", err)
	}
}

// untrusted reports whether the error is a certificate that cannot be verified.
func untrusted(err error) bool {
	verification := &tls.CertificateVerificationError{}
	authority, host, invalid := x509.UnknownAuthorityError{}, x509.HostnameError{}, x509.CertificateInvalidError{}
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// root returns the innermost wrapped error.
func root(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// statusError explains an HTTP status other than 200.
func statusError(status int) *Error {
	answer := fmt.Sprintf("the server responded with %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return permanent(v1.ReasonRepositoryDenied, "%s: check the credentials in spec.repository.secrets and their permissions", answer)
	case status == http.StatusNotFound || status == http.StatusGone:
		return permanent(v1.ReasonChartNotFound, "%s: set spec.version to one that the repository has, or check spec.repository.url", answer)
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return temporary("%s", answer)
	default:
		return permanent(v1.ReasonRepositoryInvalid, "%s: check spec.repository.url", answer)
	}
}

// SecretError returns an *Error about a Secret of the repository. It is permanent.
func SecretError(format string, arguments ...any) *Error {
	return permanent(v1.ReasonRepositorySecret, format, arguments...)
}
