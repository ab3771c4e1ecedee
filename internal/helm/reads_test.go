// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const defaults = `
_internal_defaults_do_not_set:
  hub: docker.io
  env: {}
  resources:
    requests:
      cpu: 1
`

const readingTemplate = `
{{- if .Values.cni.chained }}{{ end }}
{{- with (.Values.tracing).zipkin }}{{ end }}
{{- range $.Values.tolerations }}{{ end }}
{{- toYaml .Values.affinity }}
`

var _ = DescribeTable("A chart reads", func(path string, reads bool) {
	chart := chartOf(defaults, map[string]string{
		"a.yaml": readingTemplate, "zzz_profile.yaml": "{{ .Values.ambient.redirectMode }}", "NOTES.txt": "{{ .Values.ancient }}",
	})
	Expect(chart.Reads(strings.Split(path, "."))).To(Equal(reads))
},
	Entry("what its defaults have", "hub", true),
	Entry("a section of its defaults", "resources", true),
	Entry("a value deep in its defaults", "resources.requests.cpu", true),
	Entry("anything in a section left empty for the user", "env.ANY", true),
	Entry("what a template names", "cni.chained", true),
	Entry("what a template names in brackets", "tracing.zipkin", true),
	Entry("what a template names from the root", "tolerations", true),
	Entry("the section of what a template names", "cni", true),
	Entry("what is in a section that a template writes whole", "affinity.nodeAffinity.weight", true),
	Entry("the profile", "profile", true),
	Entry("the platform", "global.platform", true),
	Entry("no key that nothing names", "unknown", false),
	Entry("no key that is missing in its defaults", "resources.limits", false),
	Entry("nothing below a plain default", "hub.name", false),
	Entry("no neighbour of what a template names", "cni.chain", false),
	Entry("nothing that merely starts like it", "cni.chainedTo", false),
	Entry("nothing that only the profile's merging names", "ambient.redirectMode", false),
	Entry("nothing that only the notes name", "ancient", false),
)

var _ = DescribeTable("A chart has a default for", func(key string, has bool) {
	Expect(chartOf(defaults, nil).HasDefault(key)).To(Equal(has))
},
	Entry("a key at the root of its defaults", "hub", true),
	Entry("no key deeper down", "requests", false),
	Entry("no key that it lacks", "unknown", false),
	Entry("not the section that the defaults stand in", "_internal_defaults_do_not_set", false),
)

var _ = It("A chart without Istio's section of defaults has them at the root", func() {
	chart := chartOf("hub: docker.io\n", nil)
	Expect(chart.HasDefault("hub")).To(BeTrue())
	Expect(chart.Reads([]string{"hub"})).To(BeTrue())
})
