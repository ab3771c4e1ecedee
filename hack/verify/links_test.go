// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("Links", func(ctx context.Context, files map[string]string, failure string) {
	all := map[string]string{"docs/README.md": "[a](a.md)", "docs/a.md": "# A b\n"}
	maps.Copy(all, files)
	err := links(ctx, repository(ctx, all))
	if failure == "" {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError(failure))
	}
},
	Entry("may lead to files, directories and headings", map[string]string{
		"README.md": "[a](docs/a.md), [b](docs/a.md#a-b), ![c](docs/c.svg), [d](docs/), [e](#one-two)\n# One: [two](x.md)\n[f](x.md)", "x.md": "",
		"docs/c.svg": "", "docs/a.md": "# A b\n[up](../README.md#one-two)",
	}, ""),
	Entry("may lead to a heading that stands twice", map[string]string{"README.md": "# `x.y`\n# xy\n[x](#xy-1)"}, ""),
	Entry("may lead to other sites", map[string]string{"README.md": "[x](https://example.com/none.md#none), [y](mailto:a@b)"}, ""),
	Entry("are not looked for in code", map[string]string{"README.md": "`[x](none.md)`\n```\n[y](none.md)\n```\n"}, ""),
	Entry("do not lead to headings in code", map[string]string{"README.md": "```\n# one\n```\n[x](#one)"}, "README.md: #one: no such heading"),
	Entry("to a file that is not there fail", map[string]string{"README.md": "[x](docs/b.md)"}, "README.md: docs/b.md: no such file"),
	Entry("are relative to their document", map[string]string{"docs/a.md": "[x](docs/README.md)"}, "docs/a.md: docs/README.md: no such file"),
	Entry("to a heading that is not there fail", map[string]string{"README.md": "[x](docs/a.md#b)"}, "README.md: docs/a.md#b: no such heading"),
	Entry("of the index to all documents are needed", map[string]string{"docs/b.md": "", "docs/c/d.md": ""}, "docs/README.md does not list docs/b.md"),
)
