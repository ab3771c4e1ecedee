// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
)

var _ = DescribeTable("A resource from the cache", func(edited, read string, outdated bool) {
	smc := resource("", "")
	smc.ResourceVersion = read
	Expect((&session{lastWrittenVersion: edited}).outdated(smc)).To(Equal(outdated))
},
	Entry("is outdated while it lacks the operator's own write", "6", "5", true),
	Entry("is not, once it has that", "6", "6", false),
	Entry("is not, once it has more", "9", "10", false),
	Entry("is not where nothing was written", "", "5", false),
	Entry("is not where it has no version", "", "", false),
)

var _ = Describe("A status", func() {
	It("is not made of a resource that was read before it was written last", func(ctx SpecContext) {
		scheme := runtime.NewScheme()
		Expect(v1.AddToScheme(scheme)).To(Succeed())
		smc := resource(v1.PhaseInstalling, "")
		smc.Name = "managed-istio"
		kube := fake.NewClientBuilder().WithScheme(scheme).WithObjects(smc).WithStatusSubresource(smc).Build()
		r := &Reconciler{clock: clock.RealClock{}, sessions: map[string]*session{}, client: kube, metrics: metrics.New("test"), recorder: events.NewFakeRecorder(10)}
		Expect(kube.Get(ctx, client.ObjectKeyFromObject(smc), smc)).To(Succeed())
		outdated := smc.DeepCopy()

		_, err := r.writeStatus(ctx, smc, v1.ServiceMeshControllerStatus{Phase: v1.PhaseSucceeded, Version: "1.29.1"}, nil)
		m := r.sessionFor(smc)
		Expect(err).NotTo(HaveOccurred())
		Expect(m.outdated(outdated)).To(BeTrue())
		Expect(m.outdated(smc)).To(BeFalse())

		result, err := r.writeStatus(ctx, outdated, v1.ServiceMeshControllerStatus{Phase: v1.PhaseUpgrading}, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(BeNumerically(">", 0))
		Expect(kube.Get(ctx, client.ObjectKeyFromObject(smc), smc)).To(Succeed())
		Expect(smc.Status).To(And(HaveField("Phase", v1.PhaseSucceeded), HaveField("Version", "1.29.1")))
	})
})
