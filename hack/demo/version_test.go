// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = Describe("The version", func() {
	simulated, real := options{}, options{real: 1}

	It("is on simulated nodes any that one asks for, or the sample's own", func() {
		Expect(versionsFor(simulated)).To(Equal(istio.Versions()))
		Expect(versionFor(options{version: "1.2.3"}, istio.Versions())).To(Equal("1.2.3"))
		Expect(versionFor(simulated, istio.Versions())).To(BeEmpty())
	})

	It("is on real nodes one that there are images of", func() {
		versions, err := versionsFor(real)
		Expect(err).NotTo(HaveOccurred())
		Expect(versions).To(Equal([]string{"1.28.2", "1.29.1"}))
		Expect(versionFor(real, versions)).To(Equal("1.28.2"))
		Expect(versionFor(options{real: 1, version: "1.29.1"}, versions)).To(Equal("1.29.1"))
		_, err = versionFor(options{real: 1, version: "1.27.9"}, versions)
		Expect(err).To(MatchError("there are no images of Istio 1.27.9 for real nodes: take VERSION=1.28.2 or 1.29.1"))
	})

	It("is kept where there is a mesh already", func(ctx SpecContext) {
		manifest := &object{Object: map[string]any{"spec": map[string]any{"version": "1.28.2"}}}
		manifest.SetName("managed-istio")
		scheme, err := newScheme()
		Expect(err).NotTo(HaveOccurred())
		none := fake.NewClientBuilder().WithScheme(scheme).Build()
		Expect(keepVersion(ctx, none, manifest)).To(Succeed())
		Expect(versionOf(manifest)).To(Equal("1.28.2"))

		smc := mesh(v1.PhaseSucceeded, "")
		smc.Spec.Version = "1.29.1"
		one := fake.NewClientBuilder().WithScheme(scheme).WithObjects(smc).Build()
		Expect(keepVersion(ctx, one, manifest)).To(Succeed())
		Expect(versionOf(manifest)).To(Equal("1.29.1"))
	})

	It("that is proposed next is the next newer one, and nothing for the newest", func() {
		versions := []string{"1.28.2", "1.29.1"}
		Expect(nextVersion("1.28.2", versions)).To(Equal("1.29.1"))
		Expect(nextVersion("1.29.1", versions)).To(BeEmpty())
		Expect(nextVersion("1.2.3", versions)).To(BeEmpty())
	})
})
