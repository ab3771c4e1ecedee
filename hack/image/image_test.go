// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// largest is how many bytes a node may have to download.
const largest = 25_000_000

func TestImage(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The operator's image")
}

// build builds a program, and the probe beside it, statically for that architecture.
func build(architecture, program string, flags ...string) string {
	GinkgoHelper()
	binary := filepath.Join(GinkgoT().TempDir(), architecture)
	compile(architecture, binary, program, flags...)
	compile(architecture, probeOf(binary), "../../cmd/gloo-operator-probe", flags...)
	return binary
}

func compile(architecture, binary, program string, flags ...string) {
	GinkgoHelper()
	command := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", binary}, flags...), program)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

// fetch reads what a descriptor names.
func fetch(store content.Fetcher, from ocispec.Descriptor, into any) {
	GinkgoHelper()
	encoded, err := content.FetchAll(context.Background(), store, from)
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(encoded, into)).To(Succeed())
}

var _ = Describe("The image of the operator", Ordered, func() {
	var (
		store    *oci.Store
		images   []image
		index    ocispec.Descriptor
		made     source
		manifest ocispec.Manifest
		config   ocispec.Image
	)

	BeforeAll(func(ctx SpecContext) {
		made = source{
			version: "v1.2.3", revision: "0123abc", created: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC), certificates: "/etc/ssl/certs/ca-certificates.crt",
			// The second is another program: what is looked at is the index, and compiling
			// the operator once more takes minutes.
			binaries: []string{build("amd64", "../../cmd/gloo-operator", "-ldflags=-s -w"), build("arm64", "./testdata/nothing")},
		}
		var err error
		store, err = newLayout(filepath.Join(GinkgoT().TempDir(), "layout"))
		Expect(err).NotTo(HaveOccurred())
		images, index, err = made.write(ctx, store)
		Expect(err).NotTo(HaveOccurred())
		fetch(store, images[0].Descriptor, &manifest)
		fetch(store, manifest.Config, &config)
	})

	It("is one for each architecture, under one tag", func(ctx SpecContext) {
		tagged, err := store.Resolve(ctx, "v1.2.3")
		Expect(err).NotTo(HaveOccurred())
		Expect(tagged.Digest).To(Equal(index.Digest))
		var list ocispec.Index
		fetch(store, tagged, &list)
		Expect(list.Manifests).To(HaveExactElements(
			HaveField("Platform", HaveValue(Equal(ocispec.Platform{OS: "linux", Architecture: "amd64"}))),
			HaveField("Platform", HaveValue(Equal(ocispec.Platform{OS: "linux", Architecture: "arm64"}))),
		))
		Expect(list.Annotations).To(HaveKeyWithValue(ocispec.AnnotationVersion, "v1.2.3"))
	})

	It("says what it is", func() {
		Expect(config.Config.Labels).To(And(
			HaveKeyWithValue(ocispec.AnnotationTitle, "gloo-operator"),
			HaveKeyWithValue(ocispec.AnnotationLicenses, "Apache-2.0"),
			HaveKeyWithValue(ocispec.AnnotationSource, "https://github.com/gloo-operator/gloo-operator"),
			HaveKeyWithValue(ocispec.AnnotationRevision, "0123abc"),
			HaveKeyWithValue(ocispec.AnnotationCreated, "2026-11-23T12:00:00Z")))
		Expect(*config.Created).To(Equal(made.created))
		Expect(manifest.Annotations).To(Equal(config.Config.Labels))
		Expect(config.Platform.Architecture).To(Equal("amd64"))
	})

	It("runs the same as the one of the Dockerfile, as the same user", func() {
		dockerfile, err := os.ReadFile("../../Dockerfile")
		Expect(err).NotTo(HaveOccurred())
		last := func(instruction string) string {
			found := regexp.MustCompile(`(?m)^`+instruction+` (.*)$`).FindAllSubmatch(dockerfile, -1)
			Expect(found).NotTo(BeEmpty(), instruction)
			return string(found[len(found)-1][1])
		}
		Expect(last("FROM")).To(Equal("scratch"))
		Expect(config.Config.User).To(Equal(last("USER")))
		Expect(json.Marshal(config.Config.Entrypoint)).To(MatchJSON(last("ENTRYPOINT")))
		Expect(json.Marshal(config.Config.Cmd)).To(MatchJSON(last("CMD")))
		Expect(config.Config.User).To(MatchRegexp(`^[1-9][0-9]*:[1-9][0-9]*$`), "a number that is not root's, for runAsNonRoot")
	})

	It("has no more to download than it may", func() {
		Expect(images[0].compressed).To(And(BeNumerically(">", 1_000_000), BeNumerically("<=", largest)))
	})

	It("holds the operator, the probe and certificates, no shell, and runs with nothing else", func() {
		root := GinkgoT().TempDir()
		Expect(os.Chmod(root, 0o755)).To(Succeed())
		Expect(unpack(store, manifest, root)).To(Equal([]string{
			"etc/", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt", "gloo-operator", "gloo-operator-probe",
		}))
		out, err := inImage(root, entrypoint, "version").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "chroot needs root: %s", out)
		Expect(string(out)).To(ContainSubstring("1.29.1"))
		startProbe(root)
	})

	It("has a list of what is in it, as the binary says", func(ctx SpecContext) {
		list := listed(ctx, store, images[0].Descriptor)
		Expect(list.Metadata.Component).To(HaveValue(And(
			HaveField("Name", "gloo-operator"), HaveField("Version", "v1.2.3"),
			HaveField("Hashes", HaveValue(ConsistOf(HaveField("Value", digestOf(made.binaries[0]))))))))
		Expect(*list.Components).To(ContainElements(
			And(HaveField("Name", "gloo-operator-probe"), HaveField("Version", "v1.2.3"), HaveField("Hashes", HaveValue(ConsistOf(HaveField("Value", digestOf(probeOf(made.binaries[0]))))))),
			And(HaveField("Name", certificatesFile), HaveField("Hashes", HaveValue(ConsistOf(HaveField("Value", digestOf(made.certificates)))))),
			HaveField("PackageURL", HavePrefix("pkg:golang/stdlib@1."))))
		built, err := buildinfo.ReadFile(made.binaries[0])
		Expect(err).NotTo(HaveOccurred())
		for _, dependency := range built.Deps {
			code := cmp.Or(dependency.Replace, dependency)
			Expect(*list.Components).To(ContainElement(And(
				HaveField("PackageURL", "pkg:golang/"+code.Path+"@"+code.Version),
				HaveField("Licenses", HaveValue(ConsistOf(HaveField("Expression", Not(BeEmpty()))))),
				HaveField("Properties", HaveValue(ConsistOf(HaveField("Value", sum(code.Path, code.Version))))))), dependency.Path)
		}
		Expect(*list.Components).To(HaveLen(len(built.Deps)+3), "the probe has no modules")
		Expect(list.SpecVersion).To(Equal(format))
	})

	It("has such a list for each architecture", func(ctx SpecContext) {
		Expect(listed(ctx, store, images[1].Descriptor).Metadata.Component.Hashes).To(HaveValue(ConsistOf(HaveField("Value", digestOf(made.binaries[1])))))
	})

	It("can be made again", func(ctx SpecContext) {
		again, err := newLayout(filepath.Join(GinkgoT().TempDir(), "again"))
		Expect(err).NotTo(HaveOccurred())
		_, same, err := made.write(ctx, again)
		Expect(err).NotTo(HaveOccurred())
		Expect(same).To(Equal(index))
		for _, one := range images {
			before, err := store.Predecessors(ctx, one.Descriptor)
			Expect(err).NotTo(HaveOccurred())
			Expect(again.Predecessors(ctx, one.Descriptor)).To(ConsistOf(before))
		}
	})

	It("comes out of a registry as it went in", func(ctx SpecContext) {
		registry := charttest.StartRegistry()
		login := filepath.Join(GinkgoT().TempDir(), "config.json")
		Expect(os.WriteFile(login, registry.Login(), 0o600)).To(Succeed())
		GinkgoT().Setenv("DOCKER_CONFIG", filepath.Dir(login))
		where := registry.Host + "/gloo/gloo-operator:v9"
		Expect(send(ctx, store, images, "v1.2.3", where, registry.Client())).To(Succeed())
		repository, err := remote.NewRepository(where)
		Expect(err).NotTo(HaveOccurred())
		repository.Client, err = authorized(registry.Client())
		Expect(err).NotTo(HaveOccurred())
		back, err := newLayout(filepath.Join(GinkgoT().TempDir(), "back"))
		Expect(err).NotTo(HaveOccurred())
		pulled, err := oras.Copy(ctx, repository, "v9", back, "v9", oras.DefaultCopyOptions)
		Expect(err).NotTo(HaveOccurred())
		Expect(pulled.Digest).To(Equal(index.Digest))
		for _, one := range images {
			var lists []ocispec.Descriptor
			Expect(repository.Referrers(ctx, one.Descriptor, cyclonedx.MediaTypeJSON.String(), func(found []ocispec.Descriptor) error {
				lists = append(lists, found...)
				return nil
			})).To(Succeed())
			Expect(lists).To(HaveLen(1))
			Expect(content.FetchAll(ctx, repository.Blobs(), contentOf(repository, lists[0]))).To(Equal(one.sbom))
		}
	})

	It("is not made without the probe for the same architecture", func(ctx SpecContext) {
		operator := build("arm64", "./testdata/nothing")
		compile("amd64", probeOf(operator), "../../cmd/gloo-operator-probe")
		_, _, err := source{version: "v1", certificates: made.certificates, binaries: []string{operator}}.write(ctx, store)
		Expect(err).To(MatchError(ContainSubstring("gloo-operator-probe: it is for amd64: want arm64")))
		Expect(os.Remove(probeOf(operator))).To(Succeed())
		_, _, err = source{version: "v1", certificates: made.certificates, binaries: []string{operator}}.write(ctx, store)
		Expect(err).To(MatchError(ContainSubstring("gloo-operator-probe: no such file")))
	})

	It("is not made of a binary that needs libraries, nor without certificates", func(ctx SpecContext) {
		dynamic := source{version: "v1", certificates: made.certificates, binaries: []string{"/bin/sh"}}
		_, _, err := dynamic.write(ctx, store)
		Expect(err).To(MatchError(ContainSubstring("making an image of /bin/sh: it is not linked statically")))
		without := source{version: "v1", certificates: "/nowhere", binaries: made.binaries}
		_, _, err = without.write(ctx, store)
		Expect(err).To(MatchError(ContainSubstring("/nowhere")))
	})
})

// inImage runs a program with nothing but the content of the image, as its user.
func inImage(root string, arguments ...string) *exec.Cmd {
	run := exec.Command(arguments[0], arguments[1:]...)
	run.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	run.Env, run.Dir = []string{}, "/"
	return run
}

// startProbe runs the probe of the image, which says why it does not start, then starts it
// in a network of its own, and ends it by a signal, as the kubelet does.
func startProbe(root string) {
	GinkgoHelper()
	wrong := inImage(root, probe)
	out, err := wrong.CombinedOutput()
	Expect(err).To(HaveOccurred())
	Expect(wrong.ProcessState.ExitCode()).To(Equal(2))
	Expect(string(out)).To(HavePrefix("gloo-operator-probe: environment variable POD_IP: "))
	run := inImage(root, probe, "--peers=probes.test")
	run.Env, run.SysProcAttr.Cloneflags = []string{"POD_IP=192.0.2.9", "NODE_NAME=node-a"}, syscall.CLONE_NEWNET
	log, err := run.StderrPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(run.Start()).To(Succeed())
	Expect(bufio.NewReader(log).ReadString('\n')).To(ContainSubstring("The first round has not ended yet."))
	Expect(run.Process.Signal(syscall.SIGTERM)).To(Succeed())
	Expect(run.Wait()).To(Succeed())
}

// unpack puts what is in the image's layer into a directory, and lists it.
func unpack(store content.Fetcher, manifest ocispec.Manifest, root string) []string {
	GinkgoHelper()
	Expect(manifest.Layers).To(HaveLen(1))
	blob, err := store.Fetch(context.Background(), manifest.Layers[0])
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(blob.Close()).To(Succeed()) }()
	archive, err := gzip.NewReader(blob)
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		Expect(err).NotTo(HaveOccurred())
		names = append(names, header.Name)
		path := filepath.Join(root, header.Name)
		if header.Typeflag == tar.TypeDir {
			Expect(os.Mkdir(path, header.FileInfo().Mode())).To(Succeed())
			continue
		}
		content, err := io.ReadAll(r)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(path, content, header.FileInfo().Mode())).To(Succeed())
	}
}
