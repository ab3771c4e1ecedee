// SPDX-License-Identifier: Apache-2.0

// Package yamllimit tells what it takes to read YAML before a parser reads it: an
// alias of a few bytes stands for a text or a section of any size, and each value
// takes far more memory than the byte that it is written with.
package yamllimit

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// MaxValues is how many values may be read at once, by Count: ten times what the
// CRDs or the index of Istio's charts have, and less than 200 MiB when they are read.
const MaxValues = 250_000

// Error says why YAML is not read. It quotes nothing of it.
type Error struct{ what string }

func (e *Error) Error() string { return e.what }

// CheckPlain fails with an *Error where a document has aliases or more than MaxValues
// values, and otherwise with the parser's error where it is not certain that it has
// none.
func CheckPlain(document []byte) error {
	if bytes.IndexByte(document, 0) >= 0 {
		return &Error{"it is not UTF-8"} // The parser reads UTF-16, whose values Count does not see.
	}
	if err := CheckCount(Count(document)); err != nil {
		return err
	}
	if !MayExpand(document) {
		return nil
	}
	root := yaml.Node{}
	if err := yaml.Unmarshal(document, &root); err != nil {
		return err
	}
	if hasAlias(&root) {
		return &Error{"it has YAML aliases"}
	}
	return nil
}

// CheckCount fails with an *Error where there are more than MaxValues values.
func CheckCount(count int) error {
	if count > MaxValues {
		return &Error{fmt.Sprintf("it has more than %d values", MaxValues)}
	}
	return nil
}

// Count is at least a third of the number of values in the texts: line breaks, and what
// else sets values apart.
func Count(text []byte) int {
	count := 0
	for i, c := range text {
		switch c {
		case '\n', '\r', ',', ':', '[', '{':
			count++
		case '-', '?':
			if i+1 == len(text) || text[i+1] <= ' ' {
				count++
			}
		case 0x85, 0xA8, 0xA9: // The last bytes of YAML's other line breaks.
			count++
		}
	}
	return count
}

// MayExpand tells a text that can have an alias: it needs an anchor besides.
func MayExpand(text []byte) bool {
	return bytes.IndexByte(text, '&') >= 0 && bytes.IndexByte(text, '*') >= 0
}

func hasAlias(node *yaml.Node) bool {
	if node.Kind == yaml.AliasNode {
		return true
	}
	for _, child := range node.Content {
		if hasAlias(child) {
			return true
		}
	}
	return false
}

// Size is that of a document with its aliases written out.
type Size struct{ Values, Bytes int }

// beyond is larger than any size that may be read, and small enough to be added up.
const beyond = 1 << 40

var unending = Size{Values: beyond, Bytes: beyond}

// Expanded is the size of a document with its aliases written out. It fails with the
// parser's error. A document that cannot have aliases is not parsed: its size is zero.
func Expanded(document []byte) (Size, error) {
	if !MayExpand(document) {
		return Size{}, nil
	}
	root := yaml.Node{}
	if err := yaml.Unmarshal(document, &root); err != nil {
		return Size{}, err
	}
	return expanded(&root, map[*yaml.Node]Size{}), nil
}

// expanded adds up what is below a node. An alias of what it stands in has no end.
func expanded(node *yaml.Node, known map[*yaml.Node]Size) Size {
	if size, ok := known[node]; ok {
		return size
	}
	known[node] = unending
	children := node.Content
	if node.Kind == yaml.AliasNode {
		children = []*yaml.Node{node.Alias}
	}
	size := Size{Values: 1, Bytes: len(node.Value)}
	for _, child := range children {
		one := expanded(child, known)
		size.Values, size.Bytes = min(size.Values+one.Values, beyond), min(size.Bytes+one.Bytes, beyond)
	}
	known[node] = size
	return size
}
