// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
	"sigs.k8s.io/yaml"
)

// verify checks that the files of a release are those of its list, of its provenance, and of
// one image. It checks no signature.
func verify(ctx context.Context, dist string, out io.Writer) error {
	files, err := readFiles(dist)
	if err != nil {
		return err
	}
	if err := files.checkSums(); err != nil {
		return err
	}
	made, err := files.readStatement()
	if err != nil {
		return err
	}
	image, err := files.checkImage(ctx, dist, made.version())
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if err := files.checkChart(made.version(), &image); err != nil {
		return fmt.Errorf("%s: %w", chartName(made.version()), err)
	}
	if err := files.checkManifest(image); err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	if err := files.checkSubjects(made, image); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s %s of commit %s\n", dist, program, made.version(), made.revision())
	fmt.Fprintf(out, "%s: %d files are unchanged, and %s is about all of them\n", checksumsFile, bytes.Count(files[checksumsFile], []byte("\n")), provenanceFile)
	fmt.Fprintf(out, "%s and %s run %s@%s, which is in %s\n", chartName(made.version()), manifestFile, image.repository, image.index.Digest, layoutName(made.version()))
	return nil
}

// readFiles reads the files of a release.
func readFiles(dist string) (contents, error) {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return nil, err
	}
	files := contents{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%s is no regular file", filepath.Join(dist, entry.Name()))
		}
		if files[entry.Name()], err = os.ReadFile(filepath.Join(dist, entry.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// checkImage checks that the layout is complete, and that the archives and SBOMs are those
// of its images.
func (c contents) checkImage(ctx context.Context, dist, version string) (images, error) {
	store, err := oci.NewFromTar(ctx, filepath.Join(dist, layoutName(version)))
	if err != nil {
		return images{}, err
	}
	found, err := findImages(ctx, store, version)
	if err != nil {
		return found, err
	}
	if err := oras.CopyGraph(ctx, store, memory.New(), found.index, oras.DefaultCopyGraphOptions); err != nil {
		return found, fmt.Errorf("%s is not complete: %w", layoutName(version), err)
	}
	if found.repository, err = c.chartImage(version); err != nil {
		return found, err
	}
	for _, one := range found.platforms {
		if err := c.checkArchive(ctx, store, found, one, version); err != nil {
			return found, fmt.Errorf("%s: %w", archiveName(version, one.Platform), err)
		}
		if err := c.checkSBOM(ctx, store, one, version); err != nil {
			return found, fmt.Errorf("%s: %w", sbomName(version, one.Platform), err)
		}
	}
	return found, nil
}

// chartImage is the repository of the image in the chart.
func (c contents) chartImage(version string) (string, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(c[chartName(version)]))
	if err != nil {
		return "", fmt.Errorf("%s: %w", chartName(version), err)
	}
	return imageValue(loaded, "repository")
}

// checkArchive compares the archive of a platform with the layout.
func (c contents) checkArchive(ctx context.Context, store content.Fetcher, of images, platform ocispec.Descriptor, version string) error {
	want, err := of.archive(ctx, store, platform, version)
	if err != nil {
		return err
	}
	got, err := unpacked(bytes.NewReader(c[archiveName(version, platform.Platform)]))
	if err != nil {
		return err
	}
	for _, one := range want {
		if !bytes.Equal(got[one.name], one.content) {
			return fmt.Errorf("%s is not the one of the image in %s", one.name, layoutName(version))
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("has %d files, want %d", len(got), len(want))
	}
	return nil
}

// checkSBOM compares the SBOM of a platform with the one that refers to its image.
func (c contents) checkSBOM(ctx context.Context, store content.ReadOnlyGraphStorage, platform ocispec.Descriptor, version string) error {
	lists, err := registry.Referrers(ctx, store, platform, cyclonedx.MediaTypeJSON.String())
	if err != nil {
		return err
	}
	for _, list := range lists {
		manifest, err := readManifest(ctx, store, list)
		if err != nil {
			return err
		}
		for _, layer := range manifest.Layers {
			if layer.Digest == digest.FromBytes(c[sbomName(version, platform.Platform)]) {
				return nil
			}
		}
	}
	return fmt.Errorf("is not the SBOM of the image in %s", layoutName(version))
}

// checkChart checks the versions of the chart and the digest of its image.
func (c contents) checkChart(version string, image *images) error {
	loaded, err := loader.LoadArchive(bytes.NewReader(c[chartName(version)]))
	if err != nil {
		return err
	}
	if loaded.Metadata.Version != chartVersion(version) || loaded.Metadata.AppVersion != version {
		return fmt.Errorf("has version %s and appVersion %s, want %s and %s", loaded.Metadata.Version, loaded.Metadata.AppVersion, chartVersion(version), version)
	}
	pinned, err := imageValue(loaded, "digest")
	if err != nil {
		return err
	}
	if pinned != image.index.Digest.String() {
		return fmt.Errorf("has the image %s, want %s of %s", pinned, image.index.Digest, layoutName(version))
	}
	return nil
}

// workload is as much of an object as runs containers: Deployments, DaemonSets, StatefulSets
// and Jobs have them in the same place.
type workload struct {
	Spec struct {
		Template struct {
			Spec struct {
				InitContainers, Containers []struct{ Image string }
			}
		}
	}
}

// checkManifest checks that each container runs the image.
func (c contents) checkManifest(image images) error {
	want, found := image.repository+"@"+image.index.Digest.String(), 0
	for _, document := range releaseutil.SplitManifests(string(c[manifestFile])) {
		var one workload
		if err := yaml.Unmarshal([]byte(document), &one); err != nil {
			return err
		}
		pod := one.Spec.Template.Spec
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			found++
			if container.Image != want {
				return fmt.Errorf("has the image %s, want %s", container.Image, want)
			}
		}
	}
	if found == 0 {
		return errors.New("runs no container")
	}
	return nil
}
