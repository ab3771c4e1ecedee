// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/gloo-operator/gloo-operator/hack/matrix/report"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// matrix is what make test-matrix has recorded, in Markdown.
func matrix() (string, error) {
	results, err := report.Load(report.File)
	if err != nil {
		return "", err
	}
	return matrixOf(results, istio.Releases())
}

func matrixOf(results []report.Result, releases []istio.Release) (string, error) {
	var rows strings.Builder
	rows.WriteString("| Kubernetes | Releases that support it | lifecycle | adoption | chart | drift, of release |\n|---|---|---|---|---|---|\n")
	for _, r := range results {
		version, err := semver.NewVersion(r.Kubernetes)
		if err != nil {
			return "", fmt.Errorf("%s: %q: %w", report.File, r.Kubernetes, err)
		}
		fmt.Fprintf(&rows, "| %s | %s | %d | %d | %d | %d, of %s |\n", r.Kubernetes, supporting(releases, int(version.Minor())),
			r.Specs["lifecycle"], r.Specs["adoption"], r.Specs["chart"], r.Specs["drift"], r.Drift)
	}
	return rows.String(), nil
}

// supporting lists the releases that support a minor version of Kubernetes, the newest first.
func supporting(releases []istio.Release, minor int) string {
	var versions []string
	for i := len(releases) - 1; i >= 0; i-- {
		if r := releases[i]; r.Kubernetes.Min <= minor && minor <= r.Kubernetes.Max {
			versions = append(versions, r.Version)
		}
	}
	return strings.Join(versions, ", ")
}
