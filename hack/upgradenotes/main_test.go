// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

func TestUpgradeNotes(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Upgrade notes")
}

var _ = DescribeTable("Upgrade notes of a file", func(content string, want ...istio.UpgradeNote) {
	Expect(parse([]byte(content))).To(HaveExactElements(want))
},
	Entry("are its list", "releaseNotes: [x]\nupgradeNotes:\n- title: A\n  content: |\n    b\n", istio.UpgradeNote{Title: "A", Content: "b"}),
	Entry("are its list under a misspelt name", "upgradeNodes: [{title: A, content: b}]", istio.UpgradeNote{Title: "A", Content: "b"}),
	Entry("are none in an empty list", "upgradeNotes: []"),
	Entry("are none in another file", "releaseNotes: [x]"),
)

var _ = Describe("Upgrade notes of a release", func() {
	It("are those of the files that the release before does not have", func() {
		directory := GinkgoT().TempDir()
		var files []string
		for _, name := range []string{"1.yaml", "2.yaml", "3.yaml"} {
			file := filepath.Join(directory, name)
			Expect(os.WriteFile(file, []byte("upgradeNotes: [{title: "+name+", content: c}]"), 0o600)).To(Succeed())
			files = append(files, file)
		}
		Expect(newNotes(files, []string{"2.yaml"})).To(HaveExactElements(HaveField("Title", "1.yaml"), HaveField("Title", "3.yaml")))
	})

	It("are read from Istio's modules", func() {
		file := filepath.Join(GinkgoT().TempDir(), "notes.json")
		Expect(run(file)).To(Succeed())
		Expect(os.ReadFile(file)).To(ContainSubstring("CNI config file permissions changed to 0600"))
	})
})
