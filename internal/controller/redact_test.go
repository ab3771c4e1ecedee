// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/clock"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// Hardened: global.hub in values, and a pod that cannot pull its image | the value stood in status and events
var _ = It("What pods say goes into the message with paths instead of values, and with images of spec as they are", func(ctx SpecContext) {
	builder := plan.Builder{}
	built, err := builder.Build(plan.Input{
		Owner: "managed-istio", Facts: plan.Facts{KubernetesVersion: "v1.35.0"},
		Spec: v1.ServiceMeshControllerSpec{
			Version: "1.29.1", DataplaneMode: v1.Ambient, Image: &v1.Image{Registry: "registry.shown", Repository: "istio"},
			Values: &apiextensionsv1.JSON{Raw: []byte(`{"pilot":{"hub":"registry.private/istio"}}`)},
		},
	})
	Expect(err).NotTo(HaveOccurred())
	tracker := rollout.NewTracker(0)
	a := &attempt{
		smc: resource("", ""), session: &session{trackers: map[string]*rollout.Tracker{"istiod": tracker}}, Outcome: status.Outcome{Plan: built},
	}
	tracker.Observe("istiod", 0, true, nil, time.Now())
	tracker.SetPodList(rollout.Observation{}, &health.Problem{
		Reason: "ImagePullBackOff", Message: `pulling "registry.private/istio/pilot", not "registry.shown/istio/ztunnel"`,
	}, nil, time.Now())
	state := (&Reconciler{clock: clock.RealClock{}}).checkProgress(ctx, a, plan.Component{Name: "istiod"},
		status.ComponentState{Name: "istiod", HasPods: true, Message: "0 of 2 pods ready"})
	Expect(state.Message).To(Equal(
		`0 of 2 pods ready; ImagePullBackOff: pulling "[pilot.hub]/pilot", not "registry.shown/istio/ztunnel"`))
})
