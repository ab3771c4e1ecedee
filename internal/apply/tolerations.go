// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tolerationsPath is the field of a workload that people add to though the API
// server knows it as one value: who adds to ours takes the whole of it.
const tolerationsPath = ".spec.template.spec.tolerations"

// tolerates tells that a workload has all the tolerations that the body asks for.
// More of them are an addition, and somebody else's.
func tolerates(object metav1.Object, body []byte) bool {
	var has []corev1.Toleration
	switch workload := object.(type) {
	case *appsv1.Deployment:
		has = workload.Spec.Template.Spec.Tolerations
	case *appsv1.DaemonSet:
		has = workload.Spec.Template.Spec.Tolerations
	default:
		return false
	}
	return !slices.ContainsFunc(tolerationsIn(body), func(wanted corev1.Toleration) bool {
		return !slices.ContainsFunc(has, func(t corev1.Toleration) bool { return apiequality.Semantic.DeepEqual(t, wanted) })
	})
}

func tolerationsIn(body []byte) []corev1.Toleration {
	var workload struct {
		Spec struct {
			Template struct {
				Spec struct {
					Tolerations []corev1.Toleration `json:"tolerations"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if json.Unmarshal(body, &workload) != nil {
		return nil // Not of a workload.
	}
	return workload.Spec.Template.Spec.Tolerations
}
