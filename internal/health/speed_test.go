// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/gloo-operator/gloo-operator/internal/health"
)

// BenchmarkDaemonSet tells the progress of a rollout.
func BenchmarkDaemonSet(b *testing.B) {
	b.ReportAllocs()
	d := daemonSet(func(d *appsv1.DaemonSet) { d.Status.UpdatedNumberScheduled = 1 })
	for b.Loop() {
		health.DaemonSet(d)
	}
}
