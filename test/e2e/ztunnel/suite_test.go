// SPDX-License-Identifier: Apache-2.0

// Package ztunnel_test runs the stand-in for ztunnel against the real programs that it
// speaks to, out of their images: istiod and the CNI agent, of each release that the
// end-to-end suite has. Kubernetes is a real API server with simulated nodes, and the
// agent's node is a network namespace.
package ztunnel_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
	"github.com/gloo-operator/gloo-operator/test/harness/attempts"
)

var versions = []string{"1.28.2", "1.29.1"}

func TestZtunnel(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The stand-in for ztunnel", attempts.SuiteConfig())
}

var made []imagebuild.Tarball

var _ = BeforeSuite(func(ctx SpecContext) {
	GinkgoT().Setenv(imagebuild.ZtunnelVariable, "")
	var err error
	made, err = imagebuild.Build(ctx, GinkgoWriter, versions...)
	Expect(err).NotTo(HaveOccurred())
})
