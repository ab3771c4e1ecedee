// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/watch"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// mesh is a resource whose status is of the current spec.
func mesh(phase v1.Phase, message string, components ...v1.ComponentStatus) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{}
	smc.Name, smc.Generation = "managed-istio", 2
	smc.Status = v1.ServiceMeshControllerStatus{ObservedGeneration: 2, Phase: phase, Message: message, Components: components}
	return smc
}

var _ = Describe("The demo's end", func() {
	DescribeTable("comes with a phase",
		func(phase v1.Phase, expected bool, failure string) {
			done, err := outcome(mesh(phase, "do this"))
			Expect(done).To(Equal(expected))
			if failure == "" {
				Expect(err).NotTo(HaveOccurred())
			} else {
				Expect(err).To(MatchError(failure))
			}
		},
		Entry("when the mesh is complete", v1.PhaseSucceeded, true, ""),
		Entry("when spec cannot be carried out", v1.PhaseFailed, true, "FAILED: do this"),
		Entry("when the mesh conflicts with other objects", v1.PhaseAborted, true, "ABORTED: do this"),
		Entry("not while it is installed", v1.PhaseInstalling, false, ""),
		Entry("not while pods are unready", v1.PhaseDegraded, false, ""),
		Entry("not before the first reconcile", v1.Phase(""), false, ""),
	)

	It("does not come with the phase of an older spec", func() {
		smc := mesh(v1.PhaseSucceeded, "")
		smc.Generation++
		done, err := outcome(smc)
		Expect(done).To(BeFalse())
		Expect(err).NotTo(HaveOccurred())
	})

	It("comes when the operator has ended", func(ctx context.Context) {
		ended := make(chan struct{})
		close(ended)
		_, err := followWatch(ctx, watch.NewFake(), newProgress(GinkgoWriter), ended)
		Expect(err).To(MatchError(errOperatorEnded))
	}, NodeTimeout(10*time.Second))

	It("comes in a later watch when the API server ends one", func(ctx context.Context) {
		events := watch.NewFake()
		events.Stop()
		done, err := followWatch(ctx, events, newProgress(GinkgoWriter), nil)
		Expect(done).To(BeFalse())
		Expect(err).NotTo(HaveOccurred())
	}, NodeTimeout(10*time.Second))
})

var _ = It("The progress shows each change once", func() {
	var out bytes.Buffer
	view := &progress{out: &out, elapsed: func() time.Duration { return 2 * time.Second }, shown: map[string]string{}}
	base, istiod := v1.ComponentStatus{Name: v1.ComponentBase}, v1.ComponentStatus{Name: v1.ComponentIstiod, Version: "1.29.1", Pods: "2/2"}
	rolling := mesh(v1.PhaseInstalling, "istio-cni waiting for 7 pods", base, istiod,
		v1.ComponentStatus{Name: v1.ComponentCNI, Pods: "3/10", Message: "waiting for 7 pods"})
	view.show(rolling)
	view.show(rolling)
	view.show(mesh(v1.PhaseSucceeded, "complete", base, istiod, v1.ComponentStatus{Name: v1.ComponentCNI, Version: "1.29.1", Pods: "10/10"}))
	Expect(out.String()).To(Equal(strings.Join([]string{
		"  2.0 s  istiod       1.29.1   2/2",
		"  2.0 s  istio-cni    -        3/10   waiting for 7 pods",
		"  2.0 s  INSTALLING",
		"  2.0 s  istio-cni    1.29.1   10/10",
		"  2.0 s  SUCCEEDED    complete",
		"",
	}, "\n")))
})
