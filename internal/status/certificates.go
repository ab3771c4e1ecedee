// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// addCertificates adds what the certificates show to a status. Nothing else of it depends on that.
// If the attempt has not found it out, what was known before stays.
func addCertificates(smc *v1.ServiceMeshController, status *v1.ServiceMeshControllerStatus, found *certificates.Finding, now time.Time) {
	before := meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionCertificatesValid)
	if found == nil {
		status.Certificates = smc.Status.Certificates
		if before != nil {
			status.Conditions = append(status.Conditions, *before)
		}
		return
	}
	status.Certificates = found.Status
	if found.Reason == "" {
		return
	}
	condition := metav1.Condition{
		Type: v1.ConditionCertificatesValid, Status: found.Valid, Reason: found.Reason, Message: found.Message,
		ObservedGeneration: smc.Generation, LastTransitionTime: rollout.Timestamp(now),
	}
	if before != nil && before.Status == condition.Status {
		condition.LastTransitionTime = before.LastTransitionTime
	}
	status.Conditions = append(status.Conditions, condition)
}

// certificatesEvent returns the event of certificates that are no longer valid, or are so for
// another reason. Nil: there is none.
func certificatesEvent(before, after v1.ServiceMeshControllerStatus) *Event {
	was, is := conditionOf(before, v1.ConditionCertificatesValid), conditionOf(after, v1.ConditionCertificatesValid)
	if is.Status != metav1.ConditionFalse || was.Status == is.Status && was.Reason == is.Reason {
		return nil
	}
	event := NewEvent(corev1.EventTypeWarning, is.Reason, ActionReconcile, is.Message)
	return &event
}
