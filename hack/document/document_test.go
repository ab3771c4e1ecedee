// SPDX-License-Identifier: Apache-2.0

package document_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/hack/document"
)

func TestDocument(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Generated parts of documents")
}

const opened, closed = "<!-- releases:begin -->\n", "<!-- releases:end -->"

var _ = DescribeTable("A part goes", func(text, want string) {
	Expect(document.Has(text, "releases")).To(BeTrue())
	Expect(document.Replace(text, "releases", "new\n")).To(Equal(want))
},
	Entry("between the markers", "a\n"+opened+"old\n"+closed+"\nb", "a\n"+opened+"new\n"+closed+"\nb"),
	Entry("between markers with nothing between", opened+closed, opened+"new\n"+closed),
	Entry("between each pair of them", opened+closed+opened+"old\n"+closed, opened+"new\n"+closed+opened+"new\n"+closed),
)

var _ = It("A document without the part has nowhere to put it", func() {
	Expect(document.Has("a\n"+closed, "releases")).To(BeFalse())
	_, err := document.Replace("a\n"+closed, "releases", "new\n")
	Expect(err).To(MatchError(ContainSubstring("releases:begin")))
})

var _ = It("A marker that is not closed is an error", func() {
	for _, text := range []string{"a\n" + opened + "old\n", opened + closed + opened} {
		_, err := document.Replace(text, "releases", "new\n")
		Expect(err).To(MatchError(ContainSubstring("releases:end")))
	}
})
