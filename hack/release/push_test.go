// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/CycloneDX/cyclonedx-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("A release in a registry", Ordered, func() {
	var (
		dist     string
		files    contents
		registry *charttest.Registry
		login    string
	)

	BeforeAll(func(ctx SpecContext) {
		registry = charttest.StartRegistry()
		login = GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(login, "config.json"), registry.Login(), 0o600)).To(Succeed())
		GinkgoT().Setenv("DOCKER_CONFIG", login)
		dist = newRelease(ctx)
		files = read(dist)
		Expect(push(ctx, dist, "oci://"+registry.Host+"/gloo", registry.Client(), GinkgoWriter)).To(Succeed())
	})

	// at is a repository in the registry, and what has that tag.
	at := func(ctx context.Context, name, tag string) (*remote.Repository, ocispec.Descriptor) {
		GinkgoHelper()
		repository := registry.Images(name)
		tagged, err := repository.Resolve(ctx, tag)
		Expect(err).NotTo(HaveOccurred())
		return repository, tagged
	}

	It("has the image of the layout, complete, with the SBOMs", func(ctx SpecContext) {
		repository, tagged := at(ctx, "gloo/gloo-operator", "v0.1.0")
		Expect(string(files[manifestFile])).To(ContainSubstring("@" + tagged.Digest.String()))
		pulled := memory.New()
		Expect(oras.CopyGraph(ctx, repository, pulled, tagged, oras.DefaultCopyGraphOptions)).To(Succeed())
		var index ocispec.Index
		Expect(json.Unmarshal(fetched(ctx, pulled, tagged), &index)).To(Succeed())
		Expect(index.Manifests).To(HaveLen(2))
		for _, one := range index.Manifests {
			Expect(referrers(ctx, repository, one, cyclonedx.MediaTypeJSON.String())).To(ConsistOf(string(files[sbomName("v0.1.0", one.Platform)])))
		}
	})

	It("has the chart that helm pulls, with the same bytes", func(ctx SpecContext) {
		tools, err := toolchain.Build(ctx, toolchain.Helm(), GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		home := GinkgoT().TempDir()
		ca := filepath.Join(home, "ca.crt")
		Expect(os.WriteFile(ca, registry.CA, 0o600)).To(Succeed())
		pull := exec.CommandContext(ctx, tools.Path("helm"), "pull", "oci://"+registry.Host+"/gloo/charts/gloo-operator", "--version", "0.1.0",
			"--ca-file", ca, "--registry-config", filepath.Join(login, "config.json"), "--destination", home)
		pull.Env = append(os.Environ(), "HOME="+home)
		out, err := pull.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		Expect(os.ReadFile(filepath.Join(home, "gloo-operator-0.1.0.tgz"))).To(Equal(files["gloo-operator-0.1.0.tgz"]))
	})

	DescribeTable("has the provenance, which is about", func(ctx SpecContext, name, tag string) {
		repository, tagged := at(ctx, name, tag)
		Expect(referrers(ctx, repository, tagged, inTotoType)).To(ConsistOf(string(files[provenanceFile])))
		made, err := files.readStatement()
		Expect(err).NotTo(HaveOccurred())
		Expect(made.Subject).To(ContainElement(HaveField("Digest", Equal(sha256Of(tagged.Digest)))))
	},
		Entry("the image", "gloo/gloo-operator", "v0.1.0"),
		Entry("the chart", "gloo/charts/gloo-operator", "0.1.0"),
	)

	It("does not change when it is pushed again", func(ctx SpecContext) {
		repository, tagged := at(ctx, "gloo/gloo-operator", "v0.1.0")
		Expect(push(ctx, dist, "oci://"+registry.Host+"/gloo", registry.Client(), GinkgoWriter)).To(Succeed())
		_, again := at(ctx, "gloo/gloo-operator", "v0.1.0")
		Expect(again).To(Equal(tagged))
		Expect(referrers(ctx, repository, tagged, inTotoType)).To(HaveLen(1))
	})

	It("has the signatures of a signed release as referrers instead", func(ctx SpecContext) {
		signed := newRelease(ctx)
		for _, name := range []string{checksumsSignature, checksumsBundle, provenanceBundle, artifactsBundle} {
			Expect(os.WriteFile(filepath.Join(signed, name), []byte(name), 0o600)).To(Succeed())
		}
		Expect(push(ctx, signed, "oci://"+registry.Host+"/signed", registry.Client(), GinkgoWriter)).To(Succeed())
		for name, tag := range map[string]string{"signed/gloo-operator": "v0.1.0", "signed/charts/gloo-operator": "0.1.0"} {
			repository, tagged := at(ctx, name, tag)
			Expect(referrers(ctx, repository, tagged, bundleType)).To(ConsistOf(provenanceBundle, artifactsBundle))
			Expect(referrers(ctx, repository, tagged, inTotoType)).To(BeEmpty())
		}
	})

	It("is not pushed when a file has changed", func(ctx SpecContext) {
		changed := newRelease(ctx)
		flip(changed, manifestFile)
		err := push(ctx, changed, "oci://"+registry.Host+"/changed", registry.Client(), GinkgoWriter)
		Expect(err).To(MatchError(And(ContainSubstring("is not pushed"), ContainSubstring(manifestFile))))
		_, err = registry.Images("changed/gloo-operator").Resolve(ctx, "v0.1.0")
		Expect(err).To(MatchError(ContainSubstring("not found")))
	})

	It("is not pushed to what is no registry", func(ctx SpecContext) {
		Expect(push(ctx, dist, "https://"+registry.Host, http.DefaultClient, GinkgoWriter)).To(MatchError(ContainSubstring("want oci://HOST/PATH")))
		err := push(ctx, dist, "oci://127.0.0.1:1/gloo", registry.Client(), GinkgoWriter)
		Expect(err).To(MatchError(HavePrefix("pushing to 127.0.0.1:1/gloo/gloo-operator: ")))
	})
})

// fetched is the content of a descriptor.
func fetched(ctx context.Context, store content.Fetcher, of ocispec.Descriptor) []byte {
	GinkgoHelper()
	encoded, err := content.FetchAll(ctx, store, of)
	Expect(err).NotTo(HaveOccurred())
	return encoded
}

// referrers are the contents that refer to an artifact with that type.
func referrers(ctx context.Context, repository *remote.Repository, to ocispec.Descriptor, artifactType string) []string {
	GinkgoHelper()
	var all []string
	Expect(repository.Referrers(ctx, to, artifactType, func(found []ocispec.Descriptor) error {
		for _, one := range found {
			manifest, err := readManifest(ctx, repository, one)
			Expect(err).NotTo(HaveOccurred())
			Expect(manifest.Layers).To(HaveLen(1))
			all = append(all, string(fetched(ctx, repository, manifest.Layers[0])))
		}
		return nil
	})).To(Succeed())
	return all
}
