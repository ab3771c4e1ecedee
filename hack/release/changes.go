// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// change is an entry of Artifact Hub's annotation of that name:
// https://artifacthub.io/docs/topics/annotations/helm/. The kinds are Keep a Changelog's.
type change struct {
	Kind        string `json:"kind"`
	Description string `json:"description"`
}

var (
	changeKind  = regexp.MustCompile(`^### (Added|Changed|Deprecated|Removed|Fixed|Security)$`)
	changeEntry = regexp.MustCompile(`^- (.+)$`)
	// markdownLink is replaced by its text: descriptions are plain text.
	markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// changesIn are the entries of a section of the changelog.
func changesIn(section string) []change {
	var changes []change
	kind := ""
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if head := changeKind.FindStringSubmatch(line); head != nil {
			kind = strings.ToLower(head[1])
			continue
		}
		if entry := changeEntry.FindStringSubmatch(line); entry != nil && kind != "" {
			changes = append(changes, change{kind, strings.ReplaceAll(markdownLink.ReplaceAllString(entry[1], "$1"), "`", "")})
		}
	}
	return changes
}

// annotateChanges adds the changes to Chart.yaml, whose annotations are its end.
func annotateChanges(content []byte, changes []change) ([]byte, error) {
	if len(changes) == 0 {
		return content, nil
	}
	list, err := yaml.Marshal(changes)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.Write(content)
	text.WriteString("  artifacthub.io/changes: |\n")
	for line := range strings.Lines(string(list)) {
		text.WriteString("    " + line)
	}
	return []byte(text.String()), nil
}
