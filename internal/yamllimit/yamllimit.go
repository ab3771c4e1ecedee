// SPDX-License-Identifier: Apache-2.0

package yamllimit

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// MaxValues is how many values, by Count, can be parsed at once: ten times those of the
// CRDs or the index of Istio's charts, and less than 200 MiB once parsed.
const MaxValues = 250_000

// Error reports why a document is rejected. It quotes nothing of it.
type Error struct{ what string }

func (e *Error) Error() string { return e.what }

// CheckPlain fails with an *Error if a document has aliases or more than MaxValues values.
// It fails with the parser's error if the document has to be parsed to find aliases and is
// invalid.
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

// CheckCount fails with an *Error if there are more than MaxValues values.
func CheckCount(count int) error {
	if count > MaxValues {
		return &Error{fmt.Sprintf("it has more than %d values", MaxValues)}
	}
	return nil
}

// Count returns an estimate of the number of values in a text, at least a third of it: the
// number of line breaks and other separators.
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

// MayExpand reports whether a text can have an alias, which needs an anchor, too.
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

// Size is the size of a document with its aliases expanded.
type Size struct{ Values, Bytes int }

// tooLarge exceeds every limit, and is small enough to be added up.
const tooLarge = 1 << 40

var infinite = Size{Values: tooLarge, Bytes: tooLarge}

// Expanded returns the size of a document with its aliases expanded. It fails with the
// parser's error. A document without aliases is not parsed: its size is zero.
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

// expanded adds up the sizes below a node. An alias inside its own anchor is infinite.
func expanded(node *yaml.Node, known map[*yaml.Node]Size) Size {
	if size, ok := known[node]; ok {
		return size
	}
	known[node] = infinite
	children := node.Content
	if node.Kind == yaml.AliasNode {
		children = []*yaml.Node{node.Alias}
	}
	size := Size{Values: 1, Bytes: len(node.Value)}
	for _, child := range children {
		one := expanded(child, known)
		size.Values, size.Bytes = min(size.Values+one.Values, tooLarge), min(size.Bytes+one.Bytes, tooLarge)
	}
	known[node] = size
	return size
}
