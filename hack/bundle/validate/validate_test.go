// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestValidate(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The validation of the bundle")
}

// written is a bundle that was just made.
func written(version string) string {
	GinkgoHelper()
	directory := filepath.Join(GinkgoT().TempDir(), "bundle")
	command := exec.Command("go", "run", "./hack/bundle", "-version="+version, "-created=2026-11-28T12:00:00Z", "-output="+directory)
	command.Dir = "../../.."
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return directory
}

var _ = Describe("The bundle", func() {
	// The operator installs Istio's CRDs and the PodDisruptionBudget of istiod.
	DescribeTable("has no errors, and no warnings but about what a mesh consists of", func(version string) {
		warnings, err := validate(written(version))
		Expect(err).NotTo(HaveOccurred())
		Expect(warnings).To(ConsistOf(ContainSubstring("permission to create/update poddisruptionbudgets"), ContainSubstring("permissions to create CRD")))
	},
		Entry("of a release", "v0.1.0"),
		Entry("of a version before a release", "v0.2.0-rc.1"),
	)

	It("is rejected where it is wrong", func() {
		directory := written("v0.1.0")
		file := filepath.Join(directory, "bundle/manifests/gloo-operator.clusterserviceversion.yaml")
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(file, []byte(strings.ReplaceAll(string(content), "kind: ServiceMeshController", "kind: Other")), 0o600)).To(Succeed())
		_, err = validate(directory)
		Expect(err).To(MatchError(ContainSubstring("Other")))
	})
})
