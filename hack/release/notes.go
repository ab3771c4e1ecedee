// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// sectionHead is the heading of a version in a changelog, as in
// https://keepachangelog.com/en/1.1.0/: "## [0.1.0] - 2026-11-28".
var sectionHead = regexp.MustCompile(`(?m)^## \[([^\]]+)\].*$`)

// notes are what the changelog says about the version.
func (s source) notes() ([]byte, error) {
	text, err := s.section()
	return fmt.Appendf(nil, "# %s %s\n\n%s\n", program, s.version, text), err
}

// section is the section of the version in the changelog, or what is unreleased.
func (s source) section() (string, error) {
	changelog, err := os.ReadFile(s.changelog)
	if err != nil {
		return "", err
	}
	sections := sectionsOf(string(changelog))
	for _, name := range []string{chartVersion(s.version), s.version, "Unreleased"} {
		if text := sections[name]; text != "" {
			return text, nil
		}
	}
	return "", fmt.Errorf("%s: no text below [%s] or [Unreleased]", s.changelog, chartVersion(s.version))
}

// sectionsOf are the texts below the headings of versions.
func sectionsOf(changelog string) map[string]string {
	sections := map[string]string{}
	heads := sectionHead.FindAllStringSubmatchIndex(changelog, -1)
	for i, head := range heads {
		end := len(changelog)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		sections[changelog[head[2]:head[3]]] = strings.TrimSpace(changelog[head[1]:end])
	}
	return sections
}
