// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// validWorkflow runs an action of another repository, and one of this.
const validWorkflow = `on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
      - name: B
        run: echo "$B"
        env: {B: "${{ github.ref }}"}
`

var _ = DescribeTable("Workflows", func(ctx context.Context, name, text, failure string) {
	files := map[string]string{name: text, "go.mod": "module x\n"}
	for _, file := range []string{"go.mod", "go.sum"} {
		path := filepath.Join(filepath.Dir(workflowTool), file)
		content, err := os.ReadFile(filepath.Join("../..", path))
		Expect(err).NotTo(HaveOccurred())
		files[path] = string(content)
	}
	err := workflows(ctx, repository(ctx, files))
	if failure == "" {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError(ContainSubstring(failure)))
	}
},
	Entry("that are valid pass", ".github/workflows/a.yaml", validWorkflow, ""),
	Entry("that lack a key fail", ".github/workflows/a.yaml",
		strings.Replace(validWorkflow, "    runs-on: ubuntu-24.04\n", "", 1), `"runs-on" section is missing`),
	Entry("that use an unknown context fail", ".github/workflows/a.yml",
		strings.Replace(validWorkflow, "github.ref", "githug.ref", 1), `undefined variable "githug"`),
	Entry("that name the tag of an action fail", ".github/workflows/a.yaml",
		strings.Replace(validWorkflow, "08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "v5.0.0", 1), ".github/workflows/a.yaml:6: - uses: actions/checkout@v5.0.0"),
	Entry("that are somewhere else are left alone", "a.yaml", "on: nothing\n", ""),
)
