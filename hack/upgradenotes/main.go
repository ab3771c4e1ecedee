// SPDX-License-Identifier: Apache-2.0

// Command upgradenotes copies from Istio's modules in the Go module cache what their release
// notes say to those who upgrade, into a file that the operator embeds: for each bundled
// release, the notes that the bundled release before it does not have.
//
// Third-party text is not kept in this repository: so the copy is made at build time, from
// modules that go.sum checks. Run it in the root directory: go run ./hack/upgradenotes FILE
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// noteFiles are the release notes in Istio's module. The directory only grows: a file is a
// change, and its name is the same in all releases that have the change.
const noteFiles = "releasenotes/notes/*.yaml"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./hack/upgradenotes FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "upgradenotes:", err)
		os.Exit(1)
	}
}

func run(target string) error {
	notes := map[string][]istio.UpgradeNote{}
	var before []string
	for _, release := range istio.Versions() {
		files, err := filesOf(release)
		if err != nil {
			return err
		}
		if before != nil {
			if notes[release], err = newNotes(files, before); err != nil {
				return err
			}
		}
		before = names(files)
	}
	content, err := json.Marshal(notes)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o644)
}

// filesOf lists the release notes of a release's module.
func filesOf(release string) ([]string, error) {
	version, err := semver.NewVersion(release)
	if err != nil {
		return nil, err
	}
	alias := fmt.Sprintf("charts.local/v1_%d", version.Minor())
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", alias).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m %s: %w", alias, err)
	}
	pattern := filepath.Join(strings.TrimSpace(string(directory)), noteFiles)
	files, err := filepath.Glob(pattern)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no file matches %s", pattern)
	}
	return files, err
}

func names(files []string) []string {
	bases := make([]string, len(files))
	for i, file := range files {
		bases[i] = filepath.Base(file)
	}
	return bases
}

// newNotes reads the upgrade notes of the files that are not among those of the release
// before.
func newNotes(files, before []string) ([]istio.UpgradeNote, error) {
	notes := []istio.UpgradeNote{}
	for _, file := range files {
		if slices.Contains(before, filepath.Base(file)) {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := parse(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		notes = append(notes, found...)
	}
	return notes, nil
}

// parse returns the upgrade notes of a file, under the name that Istio's template has and
// under those that authors wrote instead.
func parse(content []byte) ([]istio.UpgradeNote, error) {
	file := struct {
		UpgradeNotes []istio.UpgradeNote `json:"upgradeNotes"`
		UpgradeNodes []istio.UpgradeNote `json:"upgradeNodes"`
		UpgradeNote  []istio.UpgradeNote `json:"upgradeNote"`
	}{}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, err
	}
	notes := slices.Concat(file.UpgradeNotes, file.UpgradeNodes, file.UpgradeNote)
	for i := range notes {
		notes[i].Title, notes[i].Content = strings.TrimSpace(notes[i].Title), strings.TrimSpace(notes[i].Content)
	}
	return slices.DeleteFunc(notes, func(n istio.UpgradeNote) bool { return n.Title == "" && n.Content == "" }), nil
}
