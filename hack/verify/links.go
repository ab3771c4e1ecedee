// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// index is the document that lists all others in its directory.
const index = "docs/README.md"

var (
	// link is a link or an image in a document, with its target.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// inlineCode is code in a line, where nothing is a link.
	inlineCode = regexp.MustCompile("`[^`]*`")
	// heading is a heading of a document. Its marks for code and links are no part of the anchor.
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	// linkText is a link in a heading, with its text.
	linkText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// links reports links to files of the repository, and to headings in them, that do not exist, and
// documents that the index does not list.
func links(_ context.Context, t *tree) error {
	var problems []error
	anchors := map[string][]string{}
	for _, name := range t.with(".md") {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		anchors[name] = anchorsOf(text)
	}
	for _, name := range t.with(".md") {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		for _, target := range targetsOf(text) {
			if what := t.broken(name, target, anchors); what != "" {
				problems = append(problems, fmt.Errorf("%s: %s: %s", name, target, what))
			}
		}
	}
	return errors.Join(append(problems, t.unlisted())...)
}

// broken says what is wrong with a link from that document. Empty: nothing.
func (t *tree) broken(from, target string, anchors map[string][]string) string {
	file, anchor, _ := strings.Cut(target, "#")
	name := from
	if file != "" {
		name = path.Join(path.Dir(from), file)
	}
	switch {
	case !slices.Contains(t.files, name) && !t.has(name):
		return "no such file"
	case anchor != "" && !slices.Contains(anchors[name], anchor):
		return "no such heading"
	default:
		return ""
	}
}

// unlisted names the documents that the index does not link to.
func (t *tree) unlisted() error {
	text, err := t.read(index)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, target := range targetsOf(text) {
		file, _, _ := strings.Cut(target, "#")
		listed[path.Join(path.Dir(index), file)] = true
	}
	var problems []error
	for _, name := range t.with(".md") {
		if path.Dir(name) == path.Dir(index) && name != index && !listed[name] {
			problems = append(problems, fmt.Errorf("%s does not list %s", index, name))
		}
	}
	return errors.Join(problems...)
}

// targetsOf are the targets of a document's links into the repository.
func targetsOf(text string) []string {
	var targets []string
	for _, match := range link.FindAllStringSubmatch(inlineCode.ReplaceAllString(prose(text), ""), -1) {
		if !strings.Contains(match[1], "://") && !strings.HasPrefix(match[1], "mailto:") {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// prose is a document without its fenced code.
func prose(text string) string {
	var lines []string
	fenced := false
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// anchorsOf are the anchors that GitHub gives the headings of a document.
func anchorsOf(text string) []string {
	var anchors []string
	count := map[string]int{}
	for _, match := range heading.FindAllStringSubmatch(prose(text), -1) {
		anchor := strings.Map(anchorRune, strings.ToLower(linkText.ReplaceAllString(match[1], "$1")))
		if count[anchor]++; count[anchor] > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, count[anchor]-1)
		}
		anchors = append(anchors, anchor)
	}
	return anchors
}

// anchorRune keeps letters, digits, hyphens and underscores, and makes hyphens of spaces.
func anchorRune(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
		return r
	default:
		return -1
	}
}
