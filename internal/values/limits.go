// SPDX-License-Identifier: Apache-2.0

package values

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of one layer of values, far beyond what a mesh needs: a release of Helm
// and the ConfigMaps that values end up in hold a mebibyte at most.
const (
	// MaxBytes is the maximum length of a layer as text, in bytes.
	MaxBytes = 256 << 10
	// MaxDepth is the maximum nesting of maps and lists.
	MaxDepth = 64
	// MaxCount is the maximum number of values, maps and items of lists included.
	MaxCount = 5000
)

// LimitError reports that a layer of values exceeds a limit.
type LimitError struct{ What string }

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: shorten the values, or move large ones to a ConfigMap or a Secret that the mesh reads", e.What)
}

// CheckText fails with a *LimitError if a layer is too long to be parsed. The length is in
// bytes.
func CheckText(length int) error {
	if length > MaxBytes {
		return &LimitError{What: fmt.Sprintf("values of %d bytes are too large, the limit is %d", length, MaxBytes)}
	}
	return nil
}

// CheckExpanded fails with a *LimitError if a layer is too long with its YAML aliases
// expanded. The length is in bytes.
func CheckExpanded(length int) error {
	if length > MaxBytes {
		return &LimitError{What: fmt.Sprintf("values with YAML aliases that stand for more than %d bytes", MaxBytes)}
	}
	return nil
}

// CheckCount fails with a *LimitError if there are too many values.
func CheckCount(count int) error {
	if count > MaxCount {
		return &LimitError{What: fmt.Sprintf("more than %d values", MaxCount)}
	}
	return nil
}

// Check fails with a *LimitError if the tree is too deep or has too many values, and with a
// *TextError if a string or a key is not allowed in a manifest.
func Check(tree map[string]any) error {
	count := 0
	return check(tree, nil, &count)
}

func check(value any, at []string, count *int) error {
	*count++
	if err := CheckCount(*count); err != nil {
		return err
	}
	if len(at) > MaxDepth {
		return &LimitError{What: fmt.Sprintf("values are nested more than %d levels deep", MaxDepth)}
	}
	switch value := value.(type) {
	case map[string]any:
		return checkSection(value, at, count)
	case []any:
		for _, item := range value {
			if err := check(item, append(at, "-"), count); err != nil {
				return err
			}
		}
	case string:
		if control := strings.IndexFunc(value, isUnprintable); control >= 0 || !utf8.ValidString(value) {
			return &TextError{Path: Path(at), What: "contains control characters"}
		}
	}
	return nil
}

func checkSection(section map[string]any, at []string, count *int) error {
	for _, key := range sortedKeys(section) {
		if strings.ContainsFunc(key, unicode.IsControl) || strings.ContainsAny(key, "\u2028\u2029") || !utf8.ValidString(key) {
			return &TextError{Path: Path(at), What: "has keys that contain line breaks or control characters"}
		}
		if err := check(section[key], append(at, key), count); err != nil {
			return err
		}
	}
	return nil
}

// isUnprintable reports whether YAML allows the character in no string.
func isUnprintable(r rune) bool {
	return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r) || r == utf8.RuneError || r == '\uFFFE' || r == '\uFFFF'
}

// TextError reports a string or a key that is not allowed in a manifest.
type TextError struct{ Path, What string }

func (e *TextError) Error() string {
	path := e.Path
	if path == "" {
		path = "the root of the values"
	}
	return fmt.Sprintf("%s %s: remove them", path, e.What)
}
