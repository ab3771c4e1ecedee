// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"maps"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// reasonOf is the reason for which there is no plan.
func reasonOf(err error) string {
	switch {
	case is[*istio.UnknownVersionError](err):
		return v1.ReasonUnknownVersion
	case is[*plan.ExtensionsError](err):
		return v1.ReasonInvalidExtensions
	case errors.Is(err, gatewayapi.ErrNotCompiledIn):
		return v1.ReasonCRDsMissing
	case is[*plan.ReservedError](err):
		return v1.ReasonReservedValue
	case is[*plan.UnexpectedObjectError](err):
		return v1.ReasonUnexpectedObject
	case is[*plan.OutsideError](err):
		return v1.ReasonObjectNotAllowed
	case plan.TooLarge(err):
		return v1.ReasonValuesTooLarge
	default:
		return reasonOfChart(err)
	}
}

// reasonOfChart is the reason for which a chart is not loaded or not rendered.
func reasonOfChart(err error) string {
	switch {
	case is[*helm.StartError](err):
		return v1.ReasonChartRenderingUnavailable
	case is[*helm.ArchiveError](err):
		return v1.ReasonChartInvalid
	case is[*helm.StoppedError](err):
		return v1.ReasonChartStopped
	default:
		return v1.ReasonInvalidValues
	}
}

func is[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// textsOf are all texts of a ConfigMap. kubectl puts files that are no UTF-8 under
// binaryData: they are read like the others, so that they are refused by name.
func textsOf(configMap *corev1.ConfigMap) map[string]string {
	texts := maps.Clone(configMap.Data)
	for key, content := range configMap.BinaryData {
		if texts == nil {
			texts = map[string]string{}
		}
		texts[key] = string(content)
	}
	return texts
}

// rehearse stops before the first write of a change of a mesh that runs, the operator's
// or one that is taken over, if the API server would refuse an object. A first
// installation has nothing to lose and is not rehearsed; neither is the plan that was
// complete last, since applying it only reverts drift.
func (r *Reconciler) rehearse(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	m, digest := r.remembered(smc), p.plan.Digest()
	if !meshRuns(smc, m) || m.rehearsed == digest || completeBefore(smc, p.plan) {
		return nil
	}
	if err := r.applier.Try(ctx, allObjects(p.plan)); err != nil {
		return refusal(v1.ReasonObjectRefused, err, p.plan)
	}
	m.rehearsed = digest
	return nil
}

// meshRuns reports whether there is a mesh to change: the resource's own, or another
// installation that is about to be taken over.
func meshRuns(smc *v1.ServiceMeshController, m *memory) bool {
	return smc.Status.Version != "" || m.takeover != nil
}

// completeBefore reports whether this plan, with these objects and values, is the one
// that was complete last. The digest in the status answers it alone, so that restarts,
// pauses and errors change nothing about the answer.
func completeBefore(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return smc.Status.PlanDigest == built.Digest()
}

// refusal tells what the API server refused, which a person has to mend, from what
// trying again may get past. It says nothing of what stands in values.
func refusal(reason string, err error, built *plan.Plan) *stop {
	safe := &redactedError{cause: err, message: built.Redact(advice(err))}
	failure := &stop{reason: v1.ReasonApplyFailed, message: safe.message, cause: safe}
	if apply.Permanent(err) {
		failure.reason, failure.phase = reason, v1.PhaseFailed
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
