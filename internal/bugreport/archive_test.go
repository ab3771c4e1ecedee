// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The archive of a report", func() {
	// names are the files of an archive, and size is what they have together.
	unpacked := func(r *Archive) (names []string, size int, texts map[string]string) {
		GinkgoHelper()
		var content bytes.Buffer
		Expect(r.Write(&content, time.Unix(0, 0))).To(Succeed())
		compressed, err := gzip.NewReader(&content)
		Expect(err).NotTo(HaveOccurred())
		archive, texts := tar.NewReader(compressed), map[string]string{}
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				return names, size, texts
			}
			Expect(err).NotTo(HaveOccurred())
			text, err := io.ReadAll(archive)
			Expect(err).NotTo(HaveOccurred())
			name := strings.TrimPrefix(header.Name, directory)
			names, size, texts[name] = append(names, name), size+len(text), string(text)
		}
	}

	It("has no file about what is missing where nothing is", func() {
		r := &Archive{}
		r.add("a.txt", []byte("text\n"))
		names, _, texts := unpacked(r)
		Expect(names).To(Equal([]string{"a.txt"}))
		Expect(texts).To(HaveKeyWithValue("a.txt", "text\n"))
	})

	It("has limits for a file and for all of them, and says what was cut", func() {
		r := &Archive{Errors: []string{"listing nodes: forbidden"}}
		r.add("large.txt", bytes.Repeat([]byte("0123456789abcde\n"), MaxFile/8))
		for i := range MaxArchive / MaxFile {
			r.add(fmt.Sprintf("%d.txt", i), bytes.Repeat([]byte("0123456789abcde\n"), MaxFile/16))
		}
		names, size, texts := unpacked(r)
		Expect(names).To(And(HaveLen(2+MaxArchive/MaxFile), ContainElements("errors.txt", "cut.txt", "large.txt", "0.txt")))
		Expect(texts["large.txt"]).To(HaveLen(MaxFile))
		Expect(size).To(BeNumerically("<=", MaxArchive+MaxFile))
		Expect(texts["errors.txt"]).To(Equal("listing nodes: forbidden\n"))
		Expect(texts["cut.txt"]).To(Equal(fmt.Sprintf("large.txt: its end, %d of %d bytes\n%d.txt: all of it, %d bytes\n", MaxFile, 2*MaxFile, MaxArchive/MaxFile-1, MaxFile)))
	})

	It("has the limits that the document names", func() {
		document, err := os.ReadFile("../../docs/bug-report.md")
		Expect(err).NotTo(HaveOccurred())
		for _, limit := range []string{
			fmt.Sprintf("%d MiB of a file", MaxFile>>20), fmt.Sprintf("%d MiB of all files", MaxArchive>>20), fmt.Sprintf("%d KiB at the end of a log", MaxLog>>10),
			fmt.Sprintf("%d lines", LogLines), fmt.Sprintf("%d pods of a workload", MaxPods), fmt.Sprintf("logs of %d pods", MaxLogPods),
			fmt.Sprintf("%d nodes", MaxNodes), fmt.Sprintf("%d events", MaxEvents),
		} {
			Expect(string(document)).To(ContainSubstring(limit))
		}
	})
})
