// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\nabc=\n-----END RSA PRIVATE KEY-----"

var _ = Describe("A text of a report", func() {
	DescribeTable("has no credential:", func(text, want string) { Expect(scrubber{}.scrub(text)).To(Equal(want)) },
		Entry("a PEM block", "a\n"+pem+"\nb", "a\n[redacted]\nb"),
		Entry("a PEM block in JSON", `{"key":"`+strings.ReplaceAll(pem, "\n", `\n`)+`","b":1}`, `{"key":"[redacted]","b":1}`),
		Entry("the beginning of a PEM block", "a\n-----BEGIN PRIVATE KEY-----\nMIIEvQ", "a\n[redacted]"),
		Entry("the end of a PEM block", "MIIEvQ\n-----END PRIVATE KEY-----\nb\n"+pem, "[redacted]\nb\n[redacted]"),
		Entry("a JWT", "got eyJhbGciOiJ9.eyJzdWIiOiJ9.c2ln_-A, so", "got [redacted], so"),
		Entry("a bearer token", "Authorization: Bearer abc.DEF-123==", "Authorization: [redacted] [redacted]"),
		Entry("basic authentication", `"authorization":"Basic dXNlcjpwYXNz"`, `"authorization":[redacted]`),
		Entry("a bearer token alone", "sent bearer abcdef123456 twice", "sent bearer [redacted] twice"),
		Entry("a password in a URL", "https://me:pa55@host/path and oci://host/me@1", "https://[redacted]@host/path and oci://host/me@1"),
		Entry("a token in a URL", "https://ghp_123@host", "https://[redacted]@host"),
		Entry("a password with a slash in a URL", "redis://:pa/ss@host", "redis://[redacted]@host"),
		Entry("a password in JSON", `{"password":"a \"b\" c","user":"me"}`, `{"password":[redacted],"user":"me"}`),
		Entry("a password in JSON within JSON", `{"m":"{\"clientSecret\":\"a b\",\"x\":1}"}`, `{"m":"{\"clientSecret\":[redacted],\"x\":1}"}`),
		Entry("a password on a command line", "run --registry-password=abc --api-key: x", "run --registry-password=[redacted] --api-key: [redacted]"),
	)

	DescribeTable("keeps what is none:", func(text string) { Expect(scrubber{}.scrub(text)).To(Equal(text)) },
		Entry("a path", "mounted /var/run/secrets/tokens at 10:32"),
		Entry("an image", "docker.io/istio/pilot@sha256:0123"),
		Entry("an address with a port", "dial tcp 10.0.0.1:15012: connection refused"),
		Entry("an address with a port and a user later", "http://host:8080/path?x=1 mail me@host"),
		Entry("a sentence", "the token has expired, the basic settings are fine"),
	)

	It("has no value that users wrote", func() {
		s := scrubber{values: values.NewRedactor([]values.Layer{layerOf("a: {b: s3cr3t-value}\nc: 12345678"), layerOf("not: valid: S3CR3T-word\n")})}
		Expect(s.scrub("x s3cr3t-value 12345678 S3CR3T-word")).To(Equal("x [a.b] [c] [values]"))
		Expect(userValues([]*v1.ServiceMeshController{{}}, map[string]string{"b": "x: 1", "a": "y: 2"})).To(HaveLen(2))
	})

	It("is cut at lines, and keeps its end", func() {
		kept, cut := lastLines("first\nsecond\nthird\n", 10)
		Expect(kept).To(Equal("third\n"))
		Expect(cut).To(BeTrue())
		kept, cut = lastLines("first\n", 6)
		Expect(kept).To(Equal("first\n"))
		Expect(cut).To(BeFalse())
		kept, _ = lastLines("one long line", 5)
		Expect(kept).To(BeEmpty())
	})
})
