// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestRecording(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The recording of the demo")
}

// recorded are that many lines, a second apart.
func recorded(count int) []line {
	var lines []line
	for i := range count {
		lines = append(lines, line{at: time.Duration(i) * time.Second, text: fmt.Sprintf("line %d", i)})
	}
	return lines
}

// expectXML reads a picture to its end.
func expectXML(picture string) {
	GinkgoHelper()
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else {
			Expect(err).NotTo(HaveOccurred())
		}
	}
}

var _ = Describe("The picture", func() {
	It("shows each line when it appeared, and no pause that is long", func() {
		picture := draw([]line{{text: "$ a", typed: true}, {at: time.Second, text: "b <c> & d"}, {at: time.Hour, text: "e"}})
		expectXML(picture)
		Expect(picture).To(ContainSubstring(`<text class="t" y="12" style="animation-delay:0.00s">$ a</text>`))
		Expect(picture).To(ContainSubstring(`style="animation-delay:1.00s">b &lt;c&gt; &amp; d</text>`))
		Expect(picture).To(ContainSubstring(`style="animation-delay:2.50s">e</text>`))
	})

	It("leaves time to read before the next command", func() {
		Expect(draw([]line{{text: "$ a", typed: true}, {text: "b"}, {text: "$ c", typed: true}})).To(ContainSubstring(`style="animation-delay:2.50s">$ c</text>`))
	})

	It("scrolls as soon as the terminal is full", func() {
		Expect(draw(recorded(rows))).NotTo(ContainSubstring("translateY(-"))
		Expect(draw(recorded(rows + 2))).To(And(ContainSubstring("translateY(-17px)"), ContainSubstring("100% { transform: translateY(-34px) }")))
	})

	It("cuts lines that are too wide", func() {
		Expect(fitted(strings.Repeat("ä", columns))).To(HaveSuffix("ää"))
		Expect(fitted(strings.Repeat("ä", columns+1))).To(Equal(strings.Repeat("ä", columns-1) + "…"))
	})

	It("names no directory of the machine", func() {
		home, err := os.UserHomeDir()
		Expect(err).NotTo(HaveOccurred())
		Expect(portable("KUBECONFIG=" + home + "/a")).To(Equal("KUBECONFIG=$HOME/a"))
	})
})

var _ = It("The recording in the docs is small, runs no script, and shows the commands", func() {
	content, err := os.ReadFile("../../docs/demo.svg")
	Expect(err).NotTo(HaveOccurred())
	picture := string(content)
	expectXML(picture)
	Expect(len(picture)).To(BeNumerically("<", 100_000))
	Expect(picture).NotTo(Or(ContainSubstring("<script"), ContainSubstring("href")))
	for _, command := range commands {
		Expect(strings.ReplaceAll(picture, "&#39;", "'")).To(ContainSubstring(strings.SplitN(command, `"`, 2)[0][:12]), command)
	}
})
