// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

var _ = It("Objects that were refused are found in joined errors", func() {
	about := func(kind string) *apply.ObjectError {
		return &apply.ObjectError{Key: object.Key{GVK: schema.GroupVersionKind{Kind: kind}}}
	}
	err := fmt.Errorf("applying: %w", errors.Join(fmt.Errorf("once: %w", about("A")), errors.New("else"), errors.Join(about("B"))))
	Expect(keysOf(err)).To(Equal([]object.Key{about("A").Key, about("B").Key}))
	Expect(keysOf(nil)).To(BeEmpty())
})

var _ = DescribeTable("The time of the last change", func(p *status.Outcome, moves bool) {
	r := &Reconciler{clock: clock.RealClock{}, metrics: metrics.New("v1")}
	smc := resource(v1.PhaseSucceeded, "1.29.1")
	r.metrics.Report(smc, smc.Status)
	r.updateAttemptMetrics(&attempt{smc: smc, Outcome: *p})
	known := testutil.CollectAndCount(r.metrics, "gloo_operator_mesh_last_change_timestamp_seconds") == 1
	Expect(known).To(Equal(moves))
},
	Entry("is that of an attempt that created something", changing(apply.Created), true),
	Entry("is that of an attempt that reverted something", changing(apply.Restored), true),
	Entry("is that of an attempt that pruned something", &status.Outcome{OtherWrites: 1}, true),
	Entry("is not that of an attempt that found no difference", changing(apply.Unchanged), false),
	Entry("is not that of an attempt that sent nothing", complete(), false),
)

var _ = It("What is sent is counted, and what somebody had changed too", func() {
	r := &Reconciler{clock: clock.RealClock{}, metrics: metrics.New("v1")}
	key := object.Key{GVK: schema.GroupVersionKind{Kind: "DaemonSet"}}
	r.updateApplyMetrics("ztunnel", time.Now(), nil, nil)
	Expect(testutil.CollectAndCount(r.metrics, "gloo_operator_apply_duration_seconds")).To(BeZero())
	r.updateApplyMetrics("ztunnel", time.Now(), []apply.Change{
		{Key: key, Action: apply.Created}, {Key: key, Action: apply.Restored, Lost: apply.LostFields{Managers: []string{"rival"}}},
	}, &apply.ObjectError{Key: key})
	Expect(testutil.CollectAndCompare(r.metrics, strings.NewReader(`
# HELP gloo_operator_drift_corrections_total `+help("gloo_operator_drift_corrections_total")+`
# TYPE gloo_operator_drift_corrections_total counter
gloo_operator_drift_corrections_total{kind="DaemonSet",manager="rival"} 1
# HELP gloo_operator_applies_total `+help("gloo_operator_applies_total")+`
# TYPE gloo_operator_applies_total counter
gloo_operator_applies_total{component="ztunnel",kind="DaemonSet",result="created"} 1
gloo_operator_applies_total{component="ztunnel",kind="DaemonSet",result="failed"} 1
gloo_operator_applies_total{component="ztunnel",kind="DaemonSet",result="restored"} 1
`), "gloo_operator_drift_corrections_total", "gloo_operator_applies_total")).To(Succeed())
})

func help(name string) string {
	i := slices.IndexFunc(metrics.Metrics(), func(m metrics.Metric) bool { return m.Name == name })
	return metrics.Metrics()[i].Help
}
