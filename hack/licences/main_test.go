// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestLicences(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The check of licences")
}

var _ = Describe("The check of licences", func() {
	It("lists each module of the operator once, with its licences", func(ctx SpecContext) {
		var out bytes.Buffer
		Expect(run(ctx, &out, "../../cmd/gloo-operator", "../../cmd/gloo-operator-probe")).To(Succeed())
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		Expect(lines).To(ContainElement(MatchRegexp(`^sigs\.k8s\.io/controller-runtime v\S+ Apache-2\.0$`)))
		paths := map[string]bool{}
		for _, line := range lines {
			paths[strings.Fields(line)[0]] = true
		}
		Expect(paths).To(HaveLen(len(lines)))
	})

	It("looks at each program: the probe has the standard library alone", func(ctx SpecContext) {
		var out bytes.Buffer
		Expect(run(ctx, &out, "../../cmd/gloo-operator-probe")).To(Succeed())
		Expect(out.String()).To(BeEmpty())
		Expect(run(ctx, &out, "../../cmd/gloo-operator-probe", "../image")).To(Succeed())
		Expect(out.String()).To(ContainSubstring("oras.land/oras-go/v2 "))
	})
})
