// SPDX-License-Identifier: Apache-2.0

// Package report has the results of hack/matrix: how many specs of which suites passed on
// which version of Kubernetes.
package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// File has the results, from the root of the repository.
const File = "docs/kubernetes.json"

// Result is what passed on one version.
type Result struct {
	// Kubernetes is the version, such as v1.36.3.
	Kubernetes string `json:"kubernetes"`
	// Drift is the release of Istio each of whose objects the drift suite has changed.
	Drift string `json:"drift"`
	// Specs are the numbers of specs that ran, by suite.
	Specs map[string]int `json:"specs"`
}

func (r Result) String() string {
	var suites []string
	for suite, specs := range r.Specs {
		suites = append(suites, fmt.Sprintf("%s %d", suite, specs))
	}
	slices.Sort(suites)
	return fmt.Sprintf("Kubernetes %s: %s specs passed", r.Kubernetes, strings.Join(suites, ", "))
}

// event is one of those that go test -json prints.
type event struct{ Action, Package, Output string }

// ran is the line in which Ginkgo sums up.
var ran = regexp.MustCompile(`Ran (\d+) of \d+ Specs`)

// Read counts the specs of what go test -json prints, and copies the output of packages that
// failed to log.
func (r *Result) Read(in io.Reader, log io.Writer) error {
	r.Specs = map[string]int{}
	output := map[string]*strings.Builder{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("reading what go test prints: %w", err)
		}
		if output[e.Package] == nil {
			output[e.Package] = &strings.Builder{}
		}
		output[e.Package].WriteString(e.Output)
		if match := ran.FindStringSubmatch(e.Output); match != nil {
			r.Specs[path.Base(e.Package)], _ = strconv.Atoi(match[1]) // Digits.
		}
		if e.Action == "fail" {
			fmt.Fprintln(log, output[e.Package])
		}
	}
	return lines.Err()
}

// Load reads the results, the newest version first. There are none where there is no file.
func Load(file string) ([]Result, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var results []Result
	if err := json.Unmarshal(content, &results); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return results, nil
}

// Add writes a result into the file, in place of one for the same minor version.
func Add(result Result) error {
	results, err := Load(File)
	if err != nil {
		return err
	}
	added, err := semver.NewVersion(result.Kubernetes)
	if err != nil {
		return err
	}
	results = slices.DeleteFunc(results, func(r Result) bool { return semver.MustParse(r.Kubernetes).Minor() == added.Minor() })
	results = append(results, result)
	slices.SortFunc(results, func(a, b Result) int {
		return cmp.Compare(semver.MustParse(b.Kubernetes).Minor(), semver.MustParse(a.Kubernetes).Minor())
	})
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(File, append(content, '\n'), 0o644)
}
