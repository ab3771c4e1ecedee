// SPDX-License-Identifier: Apache-2.0

package linked

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestLinked(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "What is linked, and its licences")
}

// Notices that stand for the licences.
const (
	mpl  = "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not distributed with this file, You can obtain one at https://mozilla.org/MPL/2.0/."
	agpl = "This program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version."
)

// apache is the text of a licence: this repository's.
func apache() string {
	GinkgoHelper()
	text, err := os.ReadFile("../../../LICENSE")
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// module makes the directory of one with those files, and what go list reports of a package
// in its directory pkg/deep.
func module(files map[string]string) Module {
	GinkgoHelper()
	root := GinkgoT().TempDir()
	deep := filepath.Join(root, "pkg", "deep")
	Expect(os.MkdirAll(deep, 0o755)).To(Succeed())
	Expect(os.MkdirAll(filepath.Join(root, "other"), 0o755)).To(Succeed())
	for name, text := range files {
		Expect(os.WriteFile(filepath.Join(root, name), []byte(text), 0o644)).To(Succeed())
	}
	of := &directories{path: "example.com/one", version: "v1.0.0"}
	of.add(root, deep)
	return of.classify()
}

var _ = Describe("A module", func() {
	It("has the licences of the linked code and of the directories around it, not of other code", func() {
		found := module(map[string]string{
			"LICENSE.txt": apache(), "pkg/deep/COPYING": mpl, "other/LICENSE": "All rights reserved.",
			"LICENSE.docs": "All rights reserved.", "license.go": "package one",
		})
		Expect(found.Problem).NotTo(HaveOccurred())
		Expect(found.Licences).To(Equal([]string{"Apache-2.0", "MPL-2.0"}))
	})

	DescribeTable("is refused", func(files map[string]string, problem string) {
		Expect(module(files).Problem).To(MatchError(ContainSubstring(problem)))
	},
		Entry("without a licence", nil, "has no licence file"),
		Entry("with a licence that is nobody's",
			map[string]string{"LICENSE": strings.Repeat("Ask us before you use this. ", 20)}, "has a licence file LICENSE of which 0 % is known text: want 75 %"),
		Entry("with a licence that is not allowed",
			map[string]string{"LICENSE": agpl}, "is under AGPL-3.0-or-later, which is not allowed"),
		Entry("with one that is not allowed beside one that is",
			map[string]string{"LICENSE": mpl, "pkg/LICENSE": agpl}, "is under AGPL-3.0-or-later"),
	)
})

var _ = Describe("What is linked into the operator", func() {
	It("is told as in go.mod, where a replaced module has the version of its replacement", func(ctx SpecContext) {
		modules, err := Modules(ctx, "github.com/gloo-operator/gloo-operator/cmd/gloo-operator", "arm64")
		Expect(err).NotTo(HaveOccurred())
		Expect(modules).To(ContainElements(
			And(HaveField("Path", "sigs.k8s.io/controller-runtime"), HaveField("Licences", []string{"Apache-2.0"}), HaveField("Version", HavePrefix("v0."))),
			And(HaveField("Path", "charts.local/v1_29"), HaveField("Version", HavePrefix("v0.")), HaveField("Licences", []string{"Apache-2.0"})),
		))
		Expect(modules).NotTo(ContainElement(HaveField("Path", HavePrefix("github.com/gloo-operator"))), "its own module")
		Expect(modules).NotTo(ContainElement(HaveField("Path", ContainSubstring("onsi/ginkgo"))), "what only tests use")
	})

	It("fails with what go says for a program that is not there", func(ctx SpecContext) {
		_, err := Modules(ctx, "./nowhere", "amd64")
		Expect(err).To(MatchError(And(ContainSubstring("listing what is linked into ./nowhere"), ContainSubstring("directory not found"))))
	})
})
