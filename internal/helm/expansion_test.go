// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

var _ = DescribeTable("Values can expand in a template", func(values tree, want bool) {
	Expect(helm.MayExpand(values)).To(Equal(want))
},
	Entry("not where they are texts of one line", tree{"a": "b & c", "d": []any{"e: {f: [g]}", int64(1), nil}}, false),
	Entry("not where they are a certificate", tree{"a": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}, false),
	Entry("not where they are one long line", tree{"a": strings.Repeat("a", 200_000)}, false),
	Entry("where they have & and *, wherever these are", tree{"a": "&b", "c": []any{tree{"*d": "e"}}}, true),
	Entry("where they open many sections", tree{"a": strings.Repeat("{a: ", 65)}, true),
	Entry("where they open many lists", tree{"a": strings.Repeat("[", 65)}, true),
	Entry("where they begin many items", tree{"a": strings.Repeat("- ", 65)}, true),
	Entry("where they are long and have a line break", tree{"a": strings.Repeat("a", 40_000), "b": "c\nd"}, true),
	Entry("where they are long and have a line break of Unicode's", tree{"a": strings.Repeat("a", 40_000), "b": "c\u2028d"}, true),
)
