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
	// MaxBytes is the size of a layer as text.
	MaxBytes = 256 << 10
	// MaxDepth is how deep sections and lists may stand in one another.
	MaxDepth = 64
	// MaxCount is how many values there may be, sections and items of lists included.
	MaxCount = 5000
)

// LimitError says that a layer of values exceeds a limit.
type LimitError struct{ What string }

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: shorten the values, or move large texts to a ConfigMap or a Secret that the mesh reads", e.What)
}

// CheckText fails with a *LimitError where a layer is too long to be looked at.
func CheckText(length int) error {
	if length > MaxBytes {
		return &LimitError{What: fmt.Sprintf("values of %d bytes are too large, the limit is %d", length, MaxBytes)}
	}
	return nil
}

// CheckExpanded fails with a *LimitError where a layer is too long with its YAML aliases
// written out.
func CheckExpanded(length int) error {
	if length > MaxBytes {
		return &LimitError{What: fmt.Sprintf("values with YAML aliases that stand for more than %d bytes", MaxBytes)}
	}
	return nil
}

// CheckCount fails with a *LimitError where there are too many values.
func CheckCount(count int) error {
	if count > MaxCount {
		return &LimitError{What: fmt.Sprintf("more than %d values", MaxCount)}
	}
	return nil
}

// Check fails with a *LimitError where the tree is too deep or has too many values,
// and with a *TextError where a text or a key cannot stand in a manifest.
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
		return &LimitError{What: fmt.Sprintf("values stand more than %d levels deep", MaxDepth)}
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
		if control := strings.IndexFunc(value, unprintable); control >= 0 || !utf8.ValidString(value) {
			return &TextError{Path: Path(at), What: "holds control characters"}
		}
	}
	return nil
}

func checkSection(section map[string]any, at []string, count *int) error {
	for _, key := range sortedKeys(section) {
		if strings.ContainsFunc(key, unicode.IsControl) || strings.ContainsAny(key, "\u2028\u2029") || !utf8.ValidString(key) {
			return &TextError{Path: Path(at), What: "has keys with line breaks or control characters"}
		}
		if err := check(section[key], append(at, key), count); err != nil {
			return err
		}
	}
	return nil
}

// unprintable tells the control characters that YAML allows in no text.
func unprintable(r rune) bool {
	return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r) || r == utf8.RuneError || r == '\uFFFE' || r == '\uFFFF'
}

// TextError says that a text or a key can stand in no manifest.
type TextError struct{ Path, What string }

func (e *TextError) Error() string {
	path := e.Path
	if path == "" {
		path = "the root of the values"
	}
	return fmt.Sprintf("%s %s: remove them", path, e.What)
}
