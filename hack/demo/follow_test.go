// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/watch"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

type silent struct{}

func (silent) show(*v1.ServiceMeshController) {}
func (silent) tick()                          {}

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
		Entry("when somebody else's objects are there", v1.PhaseAborted, true, "ABORTED: do this"),
		Entry("not while it is installed", v1.PhaseInstalling, false, ""),
		Entry("not while pods are unready", v1.PhaseDegraded, false, ""),
		Entry("not before the operator has looked", v1.Phase(""), false, ""),
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
		_, err := followWatch(ctx, watch.NewFake(), silent{}, ended)
		Expect(err).To(MatchError(errOperatorEnded))
	}, NodeTimeout(10*time.Second))

	It("comes in a later watch when the API server ends one", func(ctx context.Context) {
		events := watch.NewFake()
		events.Stop()
		done, err := followWatch(ctx, events, silent{}, nil)
		Expect(done).To(BeFalse())
		Expect(err).NotTo(HaveOccurred())
	}, NodeTimeout(10*time.Second))
})
