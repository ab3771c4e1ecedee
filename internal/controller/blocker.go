// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// applyBlocker returns why objects cannot be applied. What the API server refuses for good
// has that reason and needs a person; everything else is retried. Values do not appear in
// the message.
func applyBlocker(reason string, err error, built *plan.Plan) *status.Blocker {
	safe := &redactedError{cause: err, message: built.Redact(withPermissionAdvice(err))}
	failure := &status.Blocker{Reason: v1.ReasonApplyFailed, Message: safe.message, Cause: safe}
	if apply.Permanent(err) {
		failure.Reason, failure.Phase = reason, v1.PhaseFailed
	}
	return failure
}

// redactedError is an error whose text may be shown and logged.
type redactedError struct {
	cause   error
	message string
}

func (e *redactedError) Error() string { return e.message }

func (e *redactedError) Unwrap() error { return e.cause }

// withPermissionAdvice returns the text of an error, with what to do where the operator
// lacks a permission. Its permissions in the install namespace go when that namespace is
// deleted. Only the text distinguishes RBAC's denials from those of admission: see
// lacksPermission.
func withPermissionAdvice(err error) string {
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot ") {
		return err.Error() + "; the operator's permissions come with its Helm chart: run helm upgrade for it"
	}
	return err.Error()
}

// reasonOf returns the reason for which there is no plan.
func reasonOf(err error) string {
	switch {
	case isError[*istio.UnknownVersionError](err):
		return v1.ReasonUnknownVersion
	case isError[*plan.ExtensionsError](err):
		return v1.ReasonInvalidExtensions
	case errors.Is(err, gatewayapi.ErrNotBundled):
		return v1.ReasonCRDsMissing
	case isError[*plan.ReservedError](err):
		return v1.ReasonReservedValue
	case isError[*plan.UnexpectedObjectError](err):
		return v1.ReasonUnexpectedObject
	case isError[*plan.OutsideError](err):
		return v1.ReasonObjectNotAllowed
	case plan.TooLarge(err):
		return v1.ReasonValuesTooLarge
	default:
		return reasonOfChart(err)
	}
}

// reasonOfChart returns the reason for which a chart is not loaded or not rendered.
func reasonOfChart(err error) string {
	switch {
	case isError[*helm.StartError](err):
		return v1.ReasonChartRenderingUnavailable
	case isError[*helm.ArchiveError](err):
		return v1.ReasonChartInvalid
	case isError[*helm.StoppedError](err):
		return v1.ReasonChartStopped
	default:
		return v1.ReasonInvalidValues
	}
}

// isError reports whether an error is, or wraps, one of that type.
func isError[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}
