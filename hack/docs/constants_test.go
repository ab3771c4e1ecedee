// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The constants of a file", func() {
	It("are those with a string, with their comments", func() {
		file := filepath.Join(GinkgoT().TempDir(), "a.go")
		Expect(os.WriteFile(file, []byte("package a\n\nvar v = \"z\"\n\nconst (\n\t// A is\n\t// a.\n\tA = \"x\"\n\tn = 1\n\tReasonB B = \"y\"\n)\n"), 0o600)).To(Succeed())
		found, err := constants(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(Equal([]constant{{"A", "x", "A is a."}, {"ReasonB", "y", ""}}))
		Expect(reasonsOf(found)).To(Equal([]string{"y"}))
	})

	It("are explained with their values instead of their names", func() {
		Expect(meaning(constant{"AAnnotation", "x/a", "AAnnotation on a Pod restores BLabel, or B."}, map[string]string{"BLabel": "x/b"})).
			To(Equal("on a Pod restores `x/b`, or B."))
	})
})
