// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"archive/tar"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

// with is a chart base with one more entry.
func with(entry tar.Header) []byte {
	GinkgoHelper()
	files := charttest.Small("base", version, "")
	chart := &tar.Header{Typeflag: tar.TypeReg, Name: "base/Chart.yaml", Size: int64(len(files["Chart.yaml"]))}
	return charttest.PackEntries([]*tar.Header{chart, &entry}, func(h *tar.Header) string {
		if h == chart {
			return files["Chart.yaml"]
		}
		return strings.Repeat("x", int(h.Size))
	})
}

func file(name string, size int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size}
}

// zeros are many files of zeros, which pack well.
func zeros(count int, size int64) []byte {
	GinkgoHelper()
	headers := make([]*tar.Header, count)
	for i := range headers {
		headers[i] = &tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("base/%d", i), Size: size}
	}
	return charttest.PackEntries(headers, func(*tar.Header) string { return strings.Repeat("\x00", int(size)) })
}

// aliases is YAML of 200 KiB that stands for gibibytes.
func aliases() string {
	return "a: &a " + strings.Repeat("x", 190<<10) + "\nb: [" + strings.Repeat("*a,", 5000) + "*a]\n"
}

// smallWith are the files of a small chart with another one.
func smallWith(name, content string) map[string]string {
	files := charttest.Small("base", version, "")
	files[name] = content
	return files
}

var _ = DescribeTable("An archive is refused that", func(pack func() []byte, message string) {
	charts := smallCharts()
	charts["base"] = pack()
	server := charttest.HelmRepository(version, charts)
	var err error
	Expect(memory.Peak(func() { _, err = fetch(server, server.URL+"/charts") })).To(BeNumerically("<", memory.Limit))
	Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonChartInvalid), HaveField("Temporary", false)))
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("is none", func() []byte { return []byte("<html>") }, "not a chart archive"),
	Entry("is cut short", func() []byte { return with(file("base/a", 9000))[:100] }, "archive is damaged"),
	Entry("is empty", func() []byte { return charttest.PackEntries(nil, nil) }, "no Chart.yaml"),
	Entry("leaves its directory", func() []byte { return with(file("../../etc/passwd", 1)) }, "not inside the directory base"),
	Entry("leaves its directory later", func() []byte { return with(file("base/../../etc/passwd", 1)) }, "not inside the directory base"),
	Entry("holds an absolute path", func() []byte { return with(file("/etc/passwd", 1)) }, "not inside the directory base"),
	Entry("holds a path of Windows", func() []byte { return with(file(`base\..\..\x`, 1)) }, "not inside the directory base"),
	Entry("holds a drive of Windows", func() []byte { return with(file("base/c:/x", 1)) }, "not inside the directory base"),
	Entry("holds another directory", func() []byte { return with(file("basement/x", 1)) }, "not inside the directory base"),
	Entry("holds a symbolic link", func() []byte {
		return with(tar.Header{Typeflag: tar.TypeSymlink, Name: "base/values.yaml", Linkname: "/etc/passwd"})
	}, "neither a file nor a directory"),
	Entry("holds a hard link", func() []byte {
		return with(tar.Header{Typeflag: tar.TypeLink, Name: "base/values.yaml", Linkname: "/etc/passwd"})
	}, "neither a file nor a directory"),
	Entry("holds a device", func() []byte { return with(tar.Header{Typeflag: tar.TypeChar, Name: "base/zero"}) }, "neither a file nor a directory"),
	Entry("brings another chart along", func() []byte { return with(file("base/charts/x/Chart.yaml", 1)) }, "have no dependencies"),
	Entry("holds a large file", func() []byte { return with(file("base/large", 6<<20)) }, "is larger than 5 MiB"),
	Entry("is large", func() []byte { return zeros(5, 4<<20) }, "more than 16 MiB"),
	Entry("holds many files", func() []byte { return zeros(2002, 0) }, "2000 files"),
	Entry("is another chart", func() []byte { return charttest.Pack("base", charttest.Small("istiod", version, "")) }, `says "istiod" "1.29.99"`),
	Entry("is of another version", func() []byte { return charttest.Pack("base", charttest.Small("base", "1.29.1", "")) }, `says "base" "1.29.1"`),
	// Hardened: a chart archive under 1 KiB whose values.yaml has YAML aliases of one long text | 4.0 GiB in the operator's own process
	Entry("has aliases in its values.yaml: it is not kept, and not loaded (ChartInvalid)",
		func() []byte { return charttest.Pack("base", smallWith("values.yaml", aliases())) }, `"base/values.yaml" is rejected, since it has YAML aliases`),
	Entry("has aliases in its Chart.yaml", func() []byte { return charttest.Pack("base", smallWith("Chart.yaml", aliases())) }, "since it has YAML aliases"),
	Entry("has aliases in its Chart.lock", func() []byte { return charttest.Pack("base", smallWith("Chart.lock", aliases())) }, "since it has YAML aliases"),
	Entry("has values without end", func() []byte {
		return charttest.Pack("base", smallWith("values.yaml", "a: ["+strings.Repeat("1,", 300_000)+"]"))
	}, "more than 250000 values"),
	Entry("has a broken Chart.yaml", func() []byte { return charttest.Pack("base", map[string]string{"Chart.yaml": "{"}) }, "not valid YAML"),
)
