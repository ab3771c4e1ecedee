// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// repository makes a Git work tree with those files, none of them committed.
func repository(ctx context.Context, files map[string]string) *tree {
	GinkgoHelper()
	root := GinkgoT().TempDir()
	_, err := command(ctx, root, "git", "init", "--quiet")
	Expect(err).NotTo(HaveOccurred())
	for name, content := range files {
		path := filepath.Join(root, name)
		Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
		Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	}
	t, err := openTree(ctx, root)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(t.close)
	return t
}

var _ = Describe("The tree's clone", func() {
	It("has what git would have, and nothing that it ignores", func(ctx context.Context) {
		t := repository(ctx, map[string]string{".gitignore": "*.log\n", "a/b.txt": "b", "a/c.log": "c"})
		Expect(t.files).To(ConsistOf(".gitignore", "a/b.txt"))
		Expect(filepath.Join(t.clone, "a", "b.txt")).To(BeARegularFile())
		Expect(filepath.Join(t.clone, "a", "c.log")).NotTo(BeAnExistingFile())
	})

	It("tells which files a generator has changed or added", func(ctx context.Context) {
		t := repository(ctx, map[string]string{"same": "1", "stale": "1"})
		Expect(t.changed()).To(BeEmpty())
		Expect(os.WriteFile(filepath.Join(t.clone, "stale"), []byte("2"), 0o644)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(t.clone, "new"), nil, 0o644)).To(Succeed())
		Expect(t.changed()).To(ConsistOf("stale", "new"))
	})
})

var _ = Describe("Generated files", func() {
	makefile := "generate:\n\techo new > output\n"

	It("are fresh when the generators write what is there", func(ctx context.Context) {
		Expect(generated(ctx, repository(ctx, map[string]string{"Makefile": makefile, "output": "new\n"}))).To(Succeed())
	})

	It("are fresh whatever else the generators make that git ignores", func(ctx context.Context) {
		t := repository(ctx, map[string]string{"Makefile": makefile + "\techo x > copied.log\n", ".gitignore": "*.log\n", "output": "new\n"})
		Expect(generated(ctx, t)).To(Succeed())
	})

	It("are stale otherwise, and stay as they are", func(ctx context.Context) {
		t := repository(ctx, map[string]string{"Makefile": makefile, "output": "old\n"})
		Expect(generated(ctx, t)).To(MatchError("stale: output"))
		Expect(os.ReadFile(filepath.Join(t.root, "output"))).To(BeEquivalentTo("old\n"))
	})
})

var _ = Describe("Formatting", func() {
	It("names the files that gofmt would change", func(ctx context.Context) {
		t := repository(ctx, map[string]string{"good.go": "package a\n", "bad.go": "package  a\n"})
		Expect(formatted(ctx, t)).To(MatchError("bad.go"))
	})
})

var _ = Describe("The checks of text", func() {
	const table = "# Design\n\n| directory | what |\n|---|---|\n"
	DescribeTable("pass and fail",
		func(ctx context.Context, run func(context.Context, *tree) error, files map[string]string, failure string) {
			err := run(ctx, repository(ctx, files))
			if failure == "" {
				Expect(err).NotTo(HaveOccurred())
			} else {
				Expect(err).To(MatchError(ContainSubstring(failure)))
			}
		},
		Entry("a doc that names a target", targets,
			map[string]string{"Makefile": "test: build\n", "README.md": "Run `make test`.\n"}, ""),
		Entry("a doc that names a target of an included file", targets,
			map[string]string{"hack/x.mk": "up: ## Start\n", "README.md": "    make up NODES=3\n"}, ""),
		Entry("a doc that names a target with a digit", targets,
			map[string]string{"Makefile": "test-e2e:\n", "README.md": "Run `make test-e2e`.\n"}, ""),
		Entry("a doc that names a target that is not there", targets,
			map[string]string{"Makefile": "test:\n", "docs/a.md": "First\nmake tset\n"}, "docs/a.md:2: make tset"),
		Entry("prose about making", targets,
			map[string]string{"README.md": "It can make sure of that.\n"}, ""),
		Entry("a table with all directories", directories,
			map[string]string{directoryDoc: table + "| `internal/a`, `internal/b/c` | x |\n| `hack/d` | y |\n", "internal/a/a.go": "", "internal/b/c/c.go": "",
				"internal/a/testdata/e.go": "", "hack/d/e/f.sh": "", "hack/file.txt": "", "cmd/g/g.go": ""}, ""),
		Entry("a table without a directory", directories,
			map[string]string{directoryDoc: table + "| `internal/a` | x |\n", "internal/a/a.go": "", "internal/a/b/b.go": ""}, "no row for internal/a/b"),
		Entry("a table without a directory of tests", directories,
			map[string]string{directoryDoc: table + "| `internal/a` | x |\n", "internal/a/a.go": "", "test/b/b_test.go": ""}, "no row for test/b"),
		Entry("a table without a directory below hack", directories,
			map[string]string{directoryDoc: table + "| `internal/a` | x |\n", "internal/a/a.go": "", "hack/b/go.mod": ""}, "no row for hack/b"),
		Entry("a table with a stale row", directories,
			map[string]string{directoryDoc: table + "| `internal/a` | x |\n| `charts/b` | `c` |\n", "internal/a/a.go": ""}, "a row for charts/b, which does not exist"),
		Entry("a row of another table", directories,
			map[string]string{directoryDoc: table + "| `internal/a` | x |\n\n| other |\n|---|\n| `internal/b` |\n", "internal/a/a.go": "", "internal/b/b.go": ""},
			"no row for internal/b"),
		Entry("a document without the table", directories, map[string]string{directoryDoc: "# Design\n"}, "has no table"),
		Entry("a README with the sample", sample,
			map[string]string{"README.md": "```yaml\nkind: A\n```\n", shownSample: "kind: A\n"}, ""),
		Entry("a README with an older sample", sample,
			map[string]string{"README.md": "```yaml\nkind: B\n```\n", shownSample: "kind: A\n"}, "README.md does not contain"),
		Entry("a Go file that names its licence", licenceNamed,
			map[string]string{"a.go": licenceLine + "\n\npackage a\n"}, ""),
		Entry("a generated Go file that names its licence behind a build constraint", licenceNamed,
			map[string]string{"zz.go": "//go:build !x\n\n" + licenceLine + "\n\npackage a\n"}, ""),
		Entry("a Go file that names no licence", licenceNamed,
			map[string]string{"good.go": licenceLine + "\n\npackage a\n", "a/bad.go": "package a\n"}, "a/bad.go"),
		Entry("a Go file that names its licence too late", licenceNamed,
			map[string]string{"a.go": "package a\n\n" + licenceLine + "\n"}, "a.go"),
		Entry("a Go file under another licence", licenceNamed,
			map[string]string{"a.go": "// SPDX-License-Identifier: MIT\n\npackage a\n"}, "a.go"),
		Entry("a licence", foreign, map[string]string{"LICENSE": "Copy" + "right 2004\n"}, ""),
		Entry("a file of another project", foreign,
			map[string]string{"a.go": "// Copy" + "right 2024 The Kubernetes Authors\n"}, "a.go:1"),
		Entry("a path of one machine", machinePaths,
			map[string]string{"a.sh": "cd /" + "work/main\n"}, "a.sh:1"),
		Entry("a path of the repository", machinePaths,
			map[string]string{"a.sh": "cd test/workload\n"}, ""),
	)
})
