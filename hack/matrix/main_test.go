// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestMatrix(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Versions of Kubernetes")
}

var _ = DescribeTable("The release whose objects are changed is", func(minor, release string) {
	Expect(driftRelease(minor)).To(Equal(release))
},
	Entry("the newest that was tested up to that version", "1.33", "1.27.9"),
	Entry("the newest for the newest version that any supports", "1.36", "1.31.0"),
	Entry("the newest for a version that none was tested up to", "1.37", "1.31.0"),
)
