// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/hack/matrix/report"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = Describe("The table of Kubernetes versions", func() {
	releases := []istio.Release{
		{Version: "1.28.2", Kubernetes: istio.MinorRange{Min: 30, Max: 34}},
		{Version: "1.29.1", Kubernetes: istio.MinorRange{Min: 30, Max: 35}},
	}

	It("has what ran, and the releases that support the version", func() {
		Expect(matrixOf([]report.Result{
			{Kubernetes: "v1.35.4", Drift: "1.29.1", Specs: map[string]int{"lifecycle": 430, "adoption": 57, "chart": 90, "drift": 12}},
			{Kubernetes: "v1.34.4", Drift: "1.28.2", Specs: map[string]int{"lifecycle": 1}},
		}, releases)).To(HaveSuffix("|\n| v1.35.4 | 1.29.1 | 430 | 57 | 90 | 12, of 1.29.1 |\n| v1.34.4 | 1.29.1, 1.28.2 | 1 | 0 | 0 | 0, of 1.28.2 |\n"))
	})

	It("is not made of what is no version", func() {
		_, err := matrixOf([]report.Result{{Kubernetes: "newest"}}, releases)
		Expect(err).To(MatchError(ContainSubstring(`docs/kubernetes.json: "newest"`)))
	})
})
