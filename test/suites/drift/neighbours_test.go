// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"bytes"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// applied applies the objects of a plan by kubectl as the operator would, one component
// after the other.
func applied(options ...Option) {
	GinkgoHelper()
	for _, component := range planOf(Sample("minimal.yaml", options...)).Components {
		if len(component.Objects) == 0 {
			continue
		}
		var bodies [][]byte
		for _, object := range component.Objects {
			bodies = append(bodies, object.Body)
		}
		file := filepath.Join(GinkgoT().TempDir(), component.Name+".yaml")
		Expect(os.WriteFile(file, bytes.Join(bodies, []byte("\n---\n")), 0o600)).To(Succeed())
		env.Kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", v1.FieldManager, "-f", file)
	}
}

// What a release changes that Kubernetes takes no change of, such as the selector of a
// workload or the role of a binding, is found here before a user finds it.
var _ = DescribeTableSubtree("Releases that follow each other", Ordered, func(options ...Option) {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		applied(append(options, Version(istio.Versions()[0]))...)
	})

	for _, version := range istio.Versions()[1:] {
		It("have no change that Kubernetes refuses, up to "+version, func() { applied(append(options, Version(version))...) })
	}
},
	Entry("with default values"),
	Entry("with all options", Values(everything)),
)
