// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Types of https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
// https://slsa.dev/spec/v1.0/provenance.
const (
	statementType  = "https://in-toto.io/Statement/v1"
	provenanceType = "https://slsa.dev/provenance/v1"
)

// repositoryURL is where the source is, and what the URIs below begin with.
const repositoryURL = "https://github.com/gloo-operator/gloo-operator"

const (
	// buildType says how to read the parameters of the build.
	buildType = repositoryURL + "/blob/main/docs/releasing.md#provenance"
	// localBuilder is the builder of a release that was made by hand.
	localBuilder = repositoryURL + "/blob/main/docs/releasing.md#local-builds"
)

// statement says of the files of a release how they were made. It is encoded by
// encoding/json: protojson does not promise the same bytes.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

// resource is a file, an image, or what something was made from.
type resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string            `json:"buildType"`
	ExternalParameters   map[string]string `json:"externalParameters"`
	ResolvedDependencies []resource        `json:"resolvedDependencies"`
}

// runDetails have no times: the same commit makes the same bytes.
type runDetails struct {
	Builder struct {
		ID string `json:"id"`
	} `json:"builder"`
}

// revision is the commit that everything was built from.
func (s statement) revision() string {
	for _, one := range s.Predicate.BuildDefinition.ResolvedDependencies {
		if commit := one.Digest["gitCommit"]; commit != "" {
			return commit
		}
	}
	return "unknown"
}

// version is the version of the release.
func (s statement) version() string { return s.Predicate.BuildDefinition.ExternalParameters["version"] }

// provenance says how the files, the image and the chart in a registry were made.
func (s source) provenance(files contents, made images) ([]byte, error) {
	certificates, err := os.ReadFile(s.certificates)
	if err != nil {
		return nil, err
	}
	subjects, err := files.subjects(s.version, made)
	if err != nil {
		return nil, err
	}
	p := predicate{BuildDefinition: buildDefinition{
		BuildType: buildType, ExternalParameters: map[string]string{"version": s.version},
		ResolvedDependencies: []resource{
			{URI: "git+" + repositoryURL + "@" + s.revision, Digest: map[string]string{"gitCommit": s.revision}},
			{Name: "go", URI: "pkg:generic/go@" + strings.TrimPrefix(runtime.Version(), "go")},
			{Name: "ca-certificates.crt", Digest: sha256Of(digest.FromBytes(certificates))},
		},
	}}
	p.RunDetails.Builder.ID = s.builder
	encoded, err := json.MarshalIndent(statement{
		Type: statementType, Subject: subjects, PredicateType: provenanceType, Predicate: p,
	}, "", "  ")
	return append(encoded, '\n'), err
}

// subjects are what the provenance is about: the image and the chart, as they are in a
// registry, and the files.
func (c contents) subjects(version string, made images) ([]resource, error) {
	chart, err := newChartArtifact(c[chartName(version)])
	if err != nil {
		return nil, err
	}
	subjects := []resource{
		{Name: made.repository, Digest: sha256Of(made.index.Digest)},
		{Name: chartRepository(made.repository), Digest: sha256Of(chart.manifest.Digest)},
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if name != provenanceFile && !slices.Contains(unlisted, name) {
			subjects = append(subjects, resource{Name: name, Digest: sha256Of(digest.FromBytes(c[name]))})
		}
	}
	return subjects, nil
}

func sha256Of(of digest.Digest) map[string]string { return map[string]string{"sha256": of.Encoded()} }

// readStatement reads the provenance.
func (c contents) readStatement() (statement, error) {
	var s statement
	if err := json.Unmarshal(c[provenanceFile], &s); err != nil {
		return s, fmt.Errorf("%s: %w", provenanceFile, err)
	}
	if s.Type != statementType || s.PredicateType != provenanceType {
		return s, fmt.Errorf("%s is a %q of type %q, want %s with %s", provenanceFile, s.PredicateType, s.Type, provenanceType, statementType)
	}
	if s.version() == "" {
		return s, fmt.Errorf("%s does not name the version", provenanceFile)
	}
	return s, nil
}

// checkSubjects compares what the provenance is about with what is there.
func (c contents) checkSubjects(s statement, made images) error {
	subjects, err := c.subjects(s.version(), made)
	if err != nil {
		return err
	}
	want, got := digestsOf(subjects), digestsOf(s.Subject)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if want[name] != got[name] {
			return fmt.Errorf("%s: the digest of %s is %q, want %q", provenanceFile, name, got[name], want[name])
		}
	}
	if len(got) != len(want) || len(s.Subject) != len(want) {
		return fmt.Errorf("%s is about %d subjects, want %d", provenanceFile, len(s.Subject), len(want))
	}
	return nil
}

func digestsOf(subjects []resource) map[string]string {
	digests := map[string]string{}
	for _, one := range subjects {
		digests[one.Name] = one.Digest["sha256"]
	}
	return digests
}
