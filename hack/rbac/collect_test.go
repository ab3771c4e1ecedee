// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"path"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// chartDirs are the charts of a mesh by their names.
var chartDirs = map[string]string{
	"base": "base", "istiod": "istio-control/istio-discovery", "cni": "istio-cni", "ztunnel": "ztunnel",
}

var _ = Describe("The meshes that are rendered", Ordered, func() {
	var found *needs

	BeforeAll(func() {
		var err error
		found, err = collect()
		Expect(err).NotTo(HaveOccurred())
	})

	It("use every template of every release, so that none makes an object without a right", func() {
		for _, release := range istio.Releases() {
			for chart, directory := range chartDirs {
				files, err := fs.Glob(release.Charts, path.Join("charts", directory, "templates", "*.yaml"))
				Expect(err).NotTo(HaveOccurred())
				Expect(files).NotTo(BeEmpty())
				for _, file := range files {
					name := path.Base(file)
					if strings.HasPrefix(name, "zz") || strings.HasPrefix(name, "remote-istiod-") {
						continue // Values, no objects; and what stands for an istiod elsewhere, which the operator refuses.
					}
					Expect(found.templates[release.Version]).To(HaveKey(chart+"/templates/"+name), release.Version)
				}
			}
		}
	})

	It("name the namespace and the tag by placeholders", func() {
		for at, names := range found.names {
			for name := range names {
				Expect(at.namespace+name).NotTo(ContainSubstring("zz-"), at.kind)
			}
		}
	})
})

var _ = Describe("The template", func() {
	It("is not written where a list of names could be empty", func() {
		_, err := template([]role{{sections: []section{{rules: []rule{{resources: []string{"services"}, names: []string{"istiod-" + tagName}}}}}}})
		Expect(err).To(MatchError(ContainSubstring("any name")))
	})
})
