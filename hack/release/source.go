// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// program is the name of the chart, of the command line and of the image.
const program = "gloo-operator"

// Files of a release whose names have no version in them.
const (
	manifestFile   = "install.yaml"
	notesFile      = "release-notes.md"
	provenanceFile = "provenance.json"
	checksumsFile  = "checksums.txt"
)

// Files that hack/release/sign adds. Nothing lists them: they are made last.
const (
	// checksumsSignature is the signature of checksumsFile, in base64.
	checksumsSignature = checksumsFile + ".sig"
	// checksumsBundle is the same signature as a Sigstore bundle.
	checksumsBundle = checksumsFile + ".sigstore.json"
	// provenanceBundle is the signed provenance, a Sigstore bundle.
	provenanceBundle = "provenance.sigstore.json"
	// artifactsBundle is the signature of image and chart as they are in a registry, a Sigstore bundle.
	artifactsBundle = "oci-artifacts.sigstore.json"
)

// source is what a release is made of. The same source makes the same bytes.
type source struct {
	// version is that of the release, with the leading v.
	version string
	// revision is the commit that everything was built from, and created its time.
	revision string
	created  time.Time
	// builder is the URI of who builds: https://slsa.dev/spec/v1.0/provenance#builder.
	builder string
	// image is the directory of an OCI image layout, with an SBOM of each architecture next to it.
	image string
	// certificates is the file with the CA certificates in the image.
	certificates string
	// binaries are files: the command line, each in a directory that is named by its platform.
	binaries []string
	// chart is a directory; changelog and licence are files.
	chart, changelog, licence string
}

// contents are the files of a release by their names.
type contents map[string][]byte

// write writes the files of the release to a directory, which replaces an earlier release.
func (s source) write(ctx context.Context, dist string, out io.Writer) error {
	if err := s.validate(); err != nil {
		return err
	}
	if err := replaceable(dist); err != nil {
		return err
	}
	files, err := s.files(ctx)
	if err != nil {
		return err
	}
	partial := filepath.Clean(dist) + ".partial"
	if err := errors.Join(os.RemoveAll(partial), files.writeTo(partial)); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(dist), os.Rename(partial, dist)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(out, "%s: %.1f MB\n", filepath.Join(dist, name), float64(len(files[name]))/1e6)
	}
	return nil
}

// validate rejects a version that is not semantic or cannot be the tag of an image, and a
// missing commit.
func (s source) validate() error {
	version, err := semver.StrictNewVersion(strings.TrimPrefix(s.version, "v"))
	switch {
	case err != nil || !strings.HasPrefix(s.version, "v"):
		return fmt.Errorf("version %q: want a semantic version with a leading v, such as v0.1.0", s.version)
	case version.Metadata() != "":
		return fmt.Errorf("version %q: the tag of an image cannot contain +%s", s.version, version.Metadata())
	case s.revision == "" || s.created.IsZero():
		return errors.New("the commit or its time is missing: the provenance names them")
	}
	return nil
}

// chartVersion is the version without v, as Helm requires it.
func chartVersion(version string) string { return strings.TrimPrefix(version, "v") }

// files are all files of the release, with their checksums.
func (s source) files(ctx context.Context) (contents, error) {
	files := contents{}
	images, err := s.addImages(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	if err := s.addChart(files, images.index.Digest.String()); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	if err := s.addBinaries(files); err != nil {
		return nil, err
	}
	if files[notesFile], err = s.notes(); err != nil {
		return nil, err
	}
	if files[provenanceFile], err = s.provenance(files, images); err != nil {
		return nil, fmt.Errorf("provenance: %w", err)
	}
	files[checksumsFile] = files.checksums()
	return files, nil
}

// replaceable fails for a directory with files that are not a release.
func replaceable(dist string) error {
	entries, err := os.ReadDir(dist)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dist, checksumsFile)); err != nil {
		return fmt.Errorf("%s is no release, because it has no %s: remove it, or write to another directory", dist, checksumsFile)
	}
	return nil
}

func (c contents) writeTo(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for name, content := range c {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
