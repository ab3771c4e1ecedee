// SPDX-License-Identifier: Apache-2.0

package values

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minTextLength is the length from which a string is redacted, in bytes: shorter ones
	// reveal nothing, and are part of most texts.
	minTextLength = 3
	// longTextLength is the length from which a string is redacted within words, too, in
	// bytes.
	longTextLength = 8
	// maxMessageLength is how much of a message is kept, in bytes: a condition can have
	// 32768 characters, but nobody reads so many.
	maxMessageLength = 1000
)

// Redactor removes user-provided values from messages: they can be secrets, and messages
// are shown in status, events and logs. Paths, keys and types are kept.
type Redactor struct{ texts []redacted }

type redacted struct{ text, path string }

// NewRedactor returns a redactor for the layers that users wrote.
func NewRedactor(layers []Layer) Redactor {
	known := map[string]string{}
	for _, layer := range layers {
		if layer.FromUser {
			collect(layer.Values, nil, known)
		}
	}
	texts := make([]redacted, 0, len(known))
	for text, path := range known {
		texts = append(texts, redacted{text, "[" + path + "]"})
	}
	slices.SortFunc(texts, func(a, b redacted) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
	})
	return Redactor{texts: texts}
}

// collect adds the strings in a tree, with the first path of each. Booleans and short
// numbers reveal nothing.
func collect(value any, at []string, known map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(value) {
			collect(value[key], append(slices.Clone(at), key), known)
		}
	case []any:
		for _, item := range value {
			collect(item, at, known)
		}
	case string:
		addForms(value, Path(at), known)
	case int64, float64:
		if text := fmt.Sprint(value); len(text) > minTextLength {
			addForms(text, Path(at), known)
		}
	}
}

// addForms adds a string as it is, quoted, and on one line, and its longer words, since a
// message can show a part. Words in lower case are language, not secrets.
func addForms(text, path string, known map[string]string) {
	quoted := strconv.Quote(text)
	forms := []string{text, quoted[1 : len(quoted)-1], strings.Join(strings.Fields(text), " ")}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !wordRune(r) && r != '-' }) {
		if len(word) >= longTextLength && strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLower(r) }) {
			forms = append(forms, word)
		}
	}
	for _, form := range forms {
		if form = strings.TrimSpace(form); len(form) >= minTextLength && form != "true" && form != "false" && known[form] == "" {
			known[form] = path
		}
	}
}

// quotedValue matches values that the API server quotes when it rejects them:
// k8s.io/apimachinery/pkg/util/validation/field, Error.
var quotedValue = regexp.MustCompile(`((?:Invalid|Unsupported|Duplicate) value): (?:"(?:[^"\\]|\\.)*"|[{\[].*[}\]]|[^:",]*)`)

// Redact returns the message with each known string replaced by its path in brackets,
// without values that the API server quotes, and shortened.
func (r Redactor) Redact(message string) string {
	message = r.Replace(quotedValue.ReplaceAllString(message, "$1"))
	if len(message) > maxMessageLength {
		message = strings.ToValidUTF8(message[:maxMessageLength], "") + "…"
	}
	return message
}

// Replace returns a text of any length with each known string replaced by its path in brackets.
func (r Redactor) Replace(text string) string {
	for _, known := range r.texts {
		text = replace(text, known.text, known.path)
	}
	return text
}

func replace(message, text, by string) string {
	if len(text) >= longTextLength {
		return strings.ReplaceAll(message, text, by)
	}
	var out strings.Builder
	for {
		i := strings.Index(message, text)
		if i < 0 {
			out.WriteString(message)
			return out.String()
		}
		end := i + len(text)
		before, _ := utf8.DecodeLastRuneInString(message[:i])
		after, _ := utf8.DecodeRuneInString(message[end:])
		out.WriteString(message[:i])
		if wordRune(before) || wordRune(after) {
			out.WriteString(text)
		} else {
			out.WriteString(by)
		}
		message = message[end:]
	}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
