// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// BenchmarkShows looks for drift in one DaemonSet that owns a hundred fields: as it was
// applied, and after another client's write to it.
func BenchmarkShows(b *testing.B) {
	var owned strings.Builder
	for i := range 100 {
		fmt.Fprintf(&owned, `"k:{\"name\":\"V%03d\"}":{".":{},"f:name":{},"f:value":{}},`, i)
	}
	fields := `{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"istio-proxy\"}":{"f:env":{` + strings.TrimSuffix(owned.String(), ",") + `}}}}}}}`
	o := object.Object{GVK: object.DaemonSet.GVK, Body: []byte(`{"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}}`)}
	seen := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", ManagedFields: []metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, fields)}}}
	seen.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	known := record{resourceVersion: "1", fields: []byte(fields)}
	for name, version := range map[string]string{"applied": "1", "written": "2"} {
		seen.ResourceVersion = version
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !known.shows(object.DaemonSet, o, seen) {
					b.Fatal("it is as it was applied")
				}
			}
		})
	}
}
