// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// collect renders the samples of a folder with every release, and returns a line of
// the table for each workload.
func collect(folder string) ([]string, error) {
	samples, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(samples) == 0 {
		return nil, fmt.Errorf("there are no samples in %s", folder) // The pattern is none that could fail.
	}
	var rows []string
	for _, sample := range samples {
		for _, version := range istio.Versions() {
			rendered, err := render(sample, version)
			if err != nil {
				return nil, fmt.Errorf("rendering %s with Istio %s: %w", sample, version, err)
			}
			workloads, err := digests(rendered)
			if err != nil {
				return nil, fmt.Errorf("%s with Istio %s: %w", sample, version, err)
			}
			for _, workload := range workloads {
				rows = append(rows, fmt.Sprintf("| %s | %s | %s |\n", filepath.Base(sample), version, workload))
			}
		}
	}
	return rows, nil
}

// render is what gloo-operator render prints.
func render(sample, version string) (string, error) {
	var out bytes.Buffer
	command := cli.NewRoot()
	command.SetArgs([]string{"render", "-f", sample, "--version", version})
	command.SetOut(&out)
	command.SetErr(io.Discard) // Notices.
	err := command.Execute()
	return out.String(), err
}

// digests lists the workloads among rendered objects, each with the digest of its pod
// template.
func digests(rendered string) ([]string, error) {
	var workloads []string
	for _, document := range strings.Split(rendered, "\n---\n") {
		workload := struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct{ Template json.RawMessage }
		}{}
		if err := yaml.Unmarshal([]byte(document), &workload); err != nil {
			return nil, err
		}
		if slices.Contains(kinds, workload.Kind) {
			workloads = append(workloads, fmt.Sprintf("%s %s | %s", workload.Kind, workload.Metadata.Name, digest(workload.Spec.Template)))
		}
	}
	return workloads, nil
}

// kinds are those of the workloads that restart their pods by themselves.
var kinds = []string{"Deployment", "DaemonSet", "StatefulSet"}

// digest is short enough to be read, and long enough to tell two apart.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%x", sum[:6])
}

// document is the file for those lines.
func document(rows []string) string {
	table := strings.Join(rows, "")
	return fmt.Sprintf(`# Pod templates

Written by hack/podtemplates: run `+"`make generate`"+`. Pods restart when the template of their workload changes. These are the digests of what this operator renders for each sample with each release: while they stay the same, a new operator restarts nothing. A change is told in CHANGELOG.md, with the digest of all lines:

    %s

| Sample | Istio | Workload | Digest |
|---|---|---|---|
%s`, mention(digest([]byte(table))), table)
}

// mention is what CHANGELOG.md says of the file that has this digest.
func mention(digest string) string { return "Pod templates: " + digest }

var mentioned = regexp.MustCompile(`Pod templates: [0-9a-f]+`)

// uncovered tells that the changelog's newest mention is not of this document.
func uncovered(changelog, document string) error {
	want := mentioned.FindString(document)
	if got := mentioned.FindString(changelog); got != want {
		return fmt.Errorf("CHANGELOG.md says %q: say why pods restart with this operator, in a line of its newest entry that holds %q", got, want)
	}
	return nil
}
