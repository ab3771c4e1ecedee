// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// read reads the files of a release.
func read(dist string) contents {
	GinkgoHelper()
	files, err := readFiles(dist)
	Expect(err).NotTo(HaveOccurred())
	return files
}

// untar reads an archive that is compressed.
func untar(archive []byte) contents {
	GinkgoHelper()
	r, err := gzip.NewReader(bytes.NewReader(archive))
	Expect(err).NotTo(HaveOccurred())
	files, err := unpacked(r)
	Expect(err).NotTo(HaveOccurred())
	return files
}

var _ = Describe("A release", Ordered, func() {
	var (
		dist  string
		files contents
		image string
	)

	BeforeAll(func(ctx SpecContext) {
		dist = newRelease(ctx)
		files = read(dist)
		layout, err := unpacked(bytes.NewReader(files[layoutName("v0.1.0")]))
		Expect(err).NotTo(HaveOccurred())
		var index ocispec.Index
		Expect(json.Unmarshal(layout[ocispec.ImageIndexFile], &index)).To(Succeed())
		for _, one := range index.Manifests {
			if one.Annotations[ocispec.AnnotationRefName] == "v0.1.0" {
				image = one.Digest.String()
			}
		}
		Expect(image).NotTo(BeEmpty())
	})

	It("has these files", func() {
		Expect(slices.Sorted(maps.Keys(files))).To(Equal([]string{
			"checksums.txt", "gloo-operator-0.1.0.tgz", "gloo-operator-v0.1.0-darwin-arm64.tar.gz",
			"gloo-operator-v0.1.0-image-linux-amd64.cdx.json", "gloo-operator-v0.1.0-image-linux-amd64.tar",
			"gloo-operator-v0.1.0-image-linux-arm64.cdx.json", "gloo-operator-v0.1.0-image-linux-arm64.tar",
			"gloo-operator-v0.1.0-image.tar", "gloo-operator-v0.1.0-linux-amd64.tar.gz", "gloo-operator-v0.1.0-linux-arm64.tar.gz",
			"install.yaml", "provenance.json", "release-notes.md",
		}))
	})

	It("has the same bytes when it is made again, at another time and place", func(ctx SpecContext) {
		again := read(newRelease(ctx))
		Expect(slices.Sorted(maps.Keys(again))).To(Equal(slices.Sorted(maps.Keys(files))))
		for name, content := range files {
			Expect(bytes.Equal(again[name], content)).To(BeTrue(), name)
		}
	})

	It("has checksums that sha256sum reads", func() {
		check := exec.Command("sha256sum", "--check", "--strict", checksumsFile)
		check.Dir = dist
		out, err := check.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		Expect(string(out)).To(ContainSubstring("install.yaml: OK"))
	})

	It("has a chart of its version with the digest of its image", func() {
		chart, err := loader.LoadArchive(bytes.NewReader(files["gloo-operator-0.1.0.tgz"]))
		Expect(err).NotTo(HaveOccurred())
		Expect(chart.Metadata).To(And(HaveField("Version", "0.1.0"), HaveField("AppVersion", "v0.1.0")))
		Expect(imageValue(chart, "digest")).To(Equal(image))
		source, err := loader.LoadDir("../../charts/gloo-operator")
		Expect(err).NotTo(HaveOccurred())
		Expect(chart.Raw).To(HaveLen(len(source.Raw)))
		Expect(string(untar(files["gloo-operator-0.1.0.tgz"])["gloo-operator/values.yaml"])).To(ContainSubstring("# Repository of the operator's image."))
	})

	It("has a chart that tells Artifact Hub its image by digest, and its changes", func() {
		chart, err := loader.LoadArchive(bytes.NewReader(files["gloo-operator-0.1.0.tgz"]))
		Expect(err).NotTo(HaveOccurred())
		var images []map[string]any
		Expect(yaml.Unmarshal([]byte(chart.Metadata.Annotations["artifacthub.io/images"]), &images)).To(Succeed())
		Expect(images).To(ConsistOf(HaveKeyWithValue("image", "ghcr.io/gloo-operator/gloo-operator@"+image)))
		var changes []change
		Expect(yaml.UnmarshalStrict([]byte(chart.Metadata.Annotations["artifacthub.io/changes"]), &changes)).To(Succeed())
		Expect(changes).To(HaveLen(strings.Count(string(files[notesFile]), "\n- ")))
		Expect(changes).To(HaveEach(HaveField("Description", Not(ContainSubstring("](")))))
	})

	It("has a manifest with the CRD first, then the namespace, and the image by digest", func() {
		documents := manifestsOf(string(files[manifestFile]))
		var kinds []string
		for _, one := range documents {
			kinds = append(kinds, one["kind"].(string))
		}
		Expect(kinds[:3]).To(Equal([]string{"CustomResourceDefinition", "Namespace", "Namespace"}))
		Expect(documents[1]).To(HaveKeyWithValue("metadata", HaveKeyWithValue("name", "gloo-operator")))
		Expect(kinds).To(ContainElements("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy", "Deployment"))
		Expect(kinds).NotTo(ContainElement("Pod"), "which is the chart's test")
		Expect(string(files[manifestFile])).NotTo(Or(ContainSubstring("--helm-release"), ContainSubstring("managed-by: Helm"), ContainSubstring("helm.sh/")))
		Expect(string(files[manifestFile])).To(ContainSubstring("image: ghcr.io/gloo-operator/gloo-operator@" + image))
	})

	It("has archives of the command line with a licence and completions", func() {
		archive := untar(files["gloo-operator-v0.1.0-linux-arm64.tar.gz"])
		binary, err := os.ReadFile(small["linux-arm64"])
		Expect(err).NotTo(HaveOccurred())
		Expect(bytes.Equal(archive["gloo-operator"], binary)).To(BeTrue())
		Expect(slices.Sorted(maps.Keys(archive))).To(Equal([]string{
			"LICENSE", "completions/_gloo-operator", "completions/gloo-operator.bash", "completions/gloo-operator.fish", "completions/gloo-operator.ps1", "gloo-operator",
		}))
		script := filepath.Join(GinkgoT().TempDir(), "completion.bash")
		Expect(os.WriteFile(script, archive["completions/gloo-operator.bash"], 0o600)).To(Succeed())
		out, err := exec.Command("bash", "-c", "source "+script+" && complete -p gloo-operator").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		listed, err := exec.Command("tar", "-tvzf", filepath.Join(dist, "gloo-operator-v0.1.0-linux-arm64.tar.gz")).Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(listed)).To(MatchRegexp(`(?m)^-rwxr-xr-x .* 2026-11-28 .* gloo-operator$`))
	})

	It("has an image for each platform that docker and containerd import by tag and by digest", func() {
		archive, err := unpacked(bytes.NewReader(files["gloo-operator-v0.1.0-image-linux-arm64.tar"]))
		Expect(err).NotTo(HaveOccurred())
		var index ocispec.Index
		Expect(json.Unmarshal(archive[ocispec.ImageIndexFile], &index)).To(Succeed())
		var names []string
		for _, one := range index.Manifests {
			Expect(one.Digest.String()).To(Equal(image))
			names = append(names, one.Annotations[nameAnnotation])
		}
		Expect(names).To(Equal([]string{"ghcr.io/gloo-operator/gloo-operator:v0.1.0", "ghcr.io/gloo-operator/gloo-operator@" + image}))
		var listed []dockerImage
		Expect(json.Unmarshal(archive[dockerManifest], &listed)).To(Succeed())
		Expect(listed).To(HaveLen(1))
		Expect(listed[0].RepoTags).To(Equal(names[:1]))
		var config ocispec.Image
		Expect(json.Unmarshal(archive[listed[0].Config], &config)).To(Succeed())
		Expect(config.Architecture).To(Equal("arm64"))
		Expect(untar(archive[listed[0].Layers[0]])).To(HaveKey("gloo-operator"))
	})

	It("has the notes of the version", func() {
		Expect(string(files[notesFile])).To(HavePrefix("# gloo-operator v0.1.0\n\n### Added\n"))
	})

	It("has a provenance in the form that the signatures' tests validate", func() {
		content, err := os.ReadFile("sign/testdata/provenance.json")
		Expect(err).NotTo(HaveOccurred())
		var known, made statement
		strict := json.NewDecoder(bytes.NewReader(content))
		strict.DisallowUnknownFields()
		Expect(strict.Decode(&known)).To(Succeed())
		Expect(json.Unmarshal(files[provenanceFile], &made)).To(Succeed())
		Expect(made.revision()).To(Equal("0123456789abcdef0123456789abcdef01234567"))
		Expect(made.Predicate.RunDetails.Builder.ID).To(Equal(localBuilder))
		// Digests depend on the Go release, so that they are not compared.
		for _, of := range []*statement{&known, &made} {
			for i := range of.Subject {
				Expect(of.Subject[i].Digest).To(HaveKeyWithValue("sha256", HaveLen(64)))
				of.Subject[i].Digest = nil
			}
			of.Predicate.BuildDefinition.ResolvedDependencies[1].URI = ""
		}
		Expect(made).To(Equal(known))
	})

	It("is verified", func(ctx SpecContext) {
		out := new(strings.Builder)
		Expect(verify(ctx, dist, out)).To(Succeed())
		Expect(out.String()).To(And(ContainSubstring("v0.1.0 of commit 0123456789"), ContainSubstring("12 files are unchanged"), ContainSubstring(image)))
	})
})

// manifestsOf decodes the documents of a manifest.
func manifestsOf(text string) []map[string]any {
	GinkgoHelper()
	split := releaseutil.SplitManifests(text)
	keys := slices.Collect(maps.Keys(split))
	slices.SortFunc(keys, func(a, b string) int { return strings.Compare(fmt.Sprintf("%20s", a), fmt.Sprintf("%20s", b)) })
	var documents []map[string]any
	for _, key := range keys {
		document := map[string]any{}
		Expect(yaml.Unmarshal([]byte(split[key]), &document)).To(Succeed())
		if len(document) > 0 { // the first is the comment
			documents = append(documents, document)
		}
	}
	return documents
}

var _ = DescribeTable("The notes are", func(changelog, want string) {
	s := source{version: "v1.2.0", changelog: filepath.Join(GinkgoT().TempDir(), "CHANGELOG.md")}
	Expect(os.WriteFile(s.changelog, []byte("# Changelog\n\n"+changelog), 0o600)).To(Succeed())
	notes, err := s.notes()
	if want == "" {
		Expect(err).To(MatchError(ContainSubstring("no text below [1.2.0] or [Unreleased]")))
		return
	}
	Expect(err).NotTo(HaveOccurred())
	Expect(string(notes)).To(Equal("# gloo-operator v1.2.0\n\n" + want + "\n"))
},
	Entry("those of the version", "## [Unreleased]\n\nnew\n\n## [1.2.0] - 2026-11-28\n\nthis\n\n## [1.1.0]\n\nold\n", "this"),
	Entry("those that are unreleased", "## [Unreleased]\n\nnew\n\n## [1.1.0]\n\nold\n", "new"),
	Entry("missing", "## [Unreleased]\n\n## [1.1.0]\n\nold\n", ""),
)

var _ = DescribeTable("A release is not written", func(ctx SpecContext, change func(*source), problem string) {
	s, dist := newSource(ctx), filepath.Join(GinkgoT().TempDir(), "dist")
	change(&s)
	Expect(s.write(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring(problem)))
	Expect(dist).NotTo(BeADirectory())
},
	Entry("without v in its version", func(s *source) { s.version = "0.1.0" }, `version "0.1.0": want a semantic version with a leading v`),
	Entry("of a version that is not semantic", func(s *source) { s.version = "v1" }, `version "v1"`),
	Entry("of a version that is no tag", func(s *source) { s.version = "v0.1.0+1" }, "cannot contain +1"),
	Entry("without a commit", func(s *source) { s.revision = "" }, "the commit or its time is missing"),
	Entry("without a time", func(s *source) { s.created = time.Time{} }, "the commit or its time is missing"),
	Entry("of the image of another version", func(s *source) { s.version = "v0.2.0" }, "v0.2.0: not found"),
	Entry("with a binary of an unknown platform", func(s *source) { s.binaries = []string{"bin/gloo-operator"} }, "want it in a directory"),
	Entry("without a binary", func(s *source) { s.binaries = []string{"linux-amd64/missing"} }, "linux-amd64/missing"),
)

var _ = It("A release does not replace a directory that is none", func(ctx SpecContext) {
	dist := GinkgoT().TempDir()
	Expect(os.WriteFile(filepath.Join(dist, "thesis.txt"), nil, 0o600)).To(Succeed())
	Expect(newSource(ctx).write(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring("is no release")))
	Expect(filepath.Join(dist, "thesis.txt")).To(BeAnExistingFile())
})

var _ = Describe("The changes of a section", func() {
	It("are its entries with the kind of their heading, as plain text", func() {
		Expect(changesIn("Some text.\n\n### Added\n\n- `a`: see [b](docs/b.md).\n- c\n\n### Security\n\n- d\n")).To(Equal([]change{
			{"added", "a: see b."}, {"added", "c"}, {"security", "d"},
		}))
	})

	It("may be none, and then a chart has no annotation for them", func() {
		Expect(changesIn("Some text.\n")).To(BeEmpty())
		Expect(annotateChanges([]byte("annotations:\n"), nil)).To(BeEquivalentTo("annotations:\n"))
	})
})
