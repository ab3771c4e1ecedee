// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
)

var _ = It("The picture in the README has the components in their order, between the resource and its phase", func() {
	content, err := os.ReadFile(filepath.Join(root, "docs", "overview.svg"))
	Expect(err).NotTo(HaveOccurred())
	expected := []string{"ServiceMeshController", "plan"}
	for _, c := range component.All() {
		if c.Name != v1.ComponentProbe { // Not part of a mesh by default.
			expected = append(expected, c.Name)
		}
	}
	expected = append(expected, string(v1.PhaseSucceeded))
	var names []string
	for _, match := range regexp.MustCompile(`font-size:11px;[^"]*">([^ <]+)</text>`).FindAllStringSubmatch(string(content), -1) {
		names = append(names, match[1])
	}
	Expect(names).To(Equal(expected))
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	Expect(err).NotTo(HaveOccurred())
	Expect(string(readme)).To(ContainSubstring("](docs/overview.svg)"))
})
