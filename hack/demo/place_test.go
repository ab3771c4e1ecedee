// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/images"
)

var _ = Describe("The operator's place", func() {
	It("is a process beside simulated nodes, and the chart makes no pods", func(ctx SpecContext) {
		at := process{operator: operatorIn("/state")}
		Expect(at.prepare(ctx)).To(Equal([]string{"--set", "manager.replicas=0"}))
		Expect(at.log()).To(Equal("/state/gloo-operator.log"))
		Expect(at.note()).To(BeEmpty())
	})

	It("is on real nodes the chart's Deployment", func() {
		at := placeFor(&cluster.Cluster{}, options{real: 1}, []string{"1.28.2"})
		Expect(at.log()).To(HaveSuffix(" logs -n gloo-operator deploy/gloo-operator --all-pods"))
		Expect(at.start(GinkgoT().Context())).To(BeNil(), "Kubernetes starts it again")
	})

	It("tells that ztunnel is a stand-in, unless one gives the real one", func() {
		GinkgoT().Setenv(images.ZtunnelVariable, "")
		Expect(deployment{}.note()).To(ContainSubstring("ztunnel is a stand-in"))
		GinkgoT().Setenv(images.ZtunnelVariable, "/ztunnel-VERSION.tar")
		Expect(deployment{}.note()).To(BeEmpty())
	})

	It("gets new pods when the operator's image is another", func() {
		Expect(annotation([]images.Tarball{{Path: "/images/pilot-1.tar"}, {Path: "/images/gloo-operator-0.1.0-abc.tar"}})).
			To(Equal("manager.podAnnotations.archive=gloo-operator-0.1.0-abc.tar"))
		_, err := annotation([]images.Tarball{{Path: "/images/pilot-1.tar"}})
		Expect(err).To(HaveOccurred())
	})
})

var _ = Describe("The options", func() {
	It("give pods that really run more time", func() {
		timeout := func(arguments ...string) time.Duration {
			o, err := parse(arguments)
			Expect(err).NotTo(HaveOccurred())
			return o.timeout
		}
		Expect(timeout()).To(Equal(2 * time.Minute))
		Expect(timeout("-real=1", "-nodes=0")).To(Equal(10 * time.Minute))
		Expect(timeout("-real=1", "-nodes=0", "-timeout=1s")).To(Equal(time.Second))
	})

	It("do not mix real and simulated nodes", func() {
		_, err := parse([]string{"-real=1", "-nodes=3"})
		Expect(err).To(MatchError("nodes are either simulated or real: give NODES=3 or REAL=1, not both"))
	})
})

var _ = Describe("The kind of a cluster", func() {
	It("is named as make takes it", func() {
		Expect(kindOf(0)).To(Equal("simulated nodes"))
		Expect(kindOf(2)).To(Equal("real nodes (REAL=2)"))
	})

	It("is held against what one asks for", func() {
		Expect(sameKind(0, 0)).To(Succeed())
		Expect(sameKind(1, 2)).To(MatchError(And(
			ContainSubstring("real nodes (REAL=1)"), ContainSubstring("real nodes (REAL=2)"), ContainSubstring("make demo-down"))))
	})
})
