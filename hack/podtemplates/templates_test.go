// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// root is the directory of the repository.
const root = "../../"

func read(file string) string {
	GinkgoHelper()
	content, err := os.ReadFile(root + file)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

var _ = Describe("A new operator alone", func() {
	It("restarts no pod that docs/pod-templates.md does not list", func() {
		rows, err := collect(root + "config/samples")
		Expect(err).NotTo(HaveOccurred())
		Expect(changes(read("docs/pod-templates.md"), document(rows))).To(BeEmpty(),
			"an upgrade of the operator would restart pods: if that is intended, run make generate and explain it in CHANGELOG.md")
	})

	It("restarts no pod without a line in CHANGELOG.md", func() {
		Expect(uncovered(read("CHANGELOG.md"), read("docs/pod-templates.md"))).To(Succeed())
	})
})

// changes lists the lines of a document that the other does not have, and the other
// way round.
func changes(before, after string) []string {
	var found []string
	for sign, pair := range map[string][2]string{"- ": {before, after}, "+ ": {after, before}} {
		for line := range strings.Lines(pair[0]) {
			if !strings.Contains(pair[1], line) {
				found = append(found, sign+line)
			}
		}
	}
	return found
}

const workloads = `---
# component: istiod
kind: Deployment
metadata: {name: istiod}
spec: {replicas: 2, template: {spec: {containers: [{name: discovery, image: a}]}}}
---
# component: istiod
kind: Service
metadata: {name: istiod}
---
# component: ztunnel
kind: DaemonSet
metadata: {name: ztunnel}
spec: {template: {spec: {}}}
`

var _ = Describe("The digests", func() {
	of := func(rendered string) []string {
		GinkgoHelper()
		found, err := digests(rendered)
		Expect(err).NotTo(HaveOccurred())
		return found
	}

	It("are those of workloads", func() {
		Expect(of(workloads)).To(HaveExactElements(HavePrefix("Deployment istiod | "), HavePrefix("DaemonSet ztunnel | ")))
	})

	DescribeTable("follow the template and nothing else", func(before, after string, changed bool) {
		edited := strings.Replace(workloads, before, after, 1)
		Expect(edited).NotTo(Equal(workloads))
		Expect(of(edited)[0] != of(workloads)[0]).To(Equal(changed))
		Expect(of(edited)[1]).To(Equal(of(workloads)[1]))
	},
		Entry("an image", "image: a", "image: b", true),
		Entry("the order of keys", "name: discovery, image: a", "image: a, name: discovery", false),
		Entry("the number of pods", "replicas: 2", "replicas: 3", false),
		Entry("a label of the workload", "name: istiod}", "name: istiod, labels: {a: b}}", false),
	)
})

var _ = DescribeTable("The changelog covers a change", func(changelog string, covered bool) {
	text := document([]string{"| minimal.yaml | 1.29.1 | Deployment istiod | 0123 |\n"})
	err := uncovered(strings.ReplaceAll(changelog, "NEW", mentioned.FindString(text)), text)
	if covered {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError(ContainSubstring("explain in its newest entry why pods restart")))
	}
},
	Entry("which it names", "## [Unreleased]\n- Two istiods. NEW\n", true),
	Entry("which it names in a release, after which nothing changed", "## [Unreleased]\n- A.\n## [1.0.0]\n- Two istiods. NEW.\n", true),
	Entry("never without naming any", "## [Unreleased]\n", false),
	Entry("never by naming it in an older entry", "## [Unreleased]\n- Pod templates: 4567\n## [1.0.0]\n- NEW\n", false),
)
