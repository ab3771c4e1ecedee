// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
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
	p := &pass{plan: built}
	state := &componentState{name: "istiod", pods: true, message: "0 of 2 pods ready"}
	now := time.Now()
	s := &stall{next: now.Add(time.Hour), seen: fmt.Sprint(state.progress, p.notReady)}
	s.found = &health.Trouble{Reason: "ImagePullBackOff", Message: `pulling "registry.private/istio/pilot", not "registry.shown/istio/ztunnel"`}
	(&Reconciler{}).explain(ctx, resource("", ""), plan.Component{Name: "istiod"}, p, s, state, now)
	Expect(state.message).To(Equal(
		`0 of 2 pods ready; ImagePullBackOff: pulling "[pilot.hub]/pilot", not "registry.shown/istio/ztunnel"`))
})
