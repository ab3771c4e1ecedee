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
	// shortest is the length from which a text among the values is taken out of
	// messages: shorter ones tell nothing, and are part of everything.
	shortest = 3
	// longText is the length from which a text is taken out wherever it stands, and not
	// as a word of its own alone.
	longText = 8
	// longestMessage is how much of a message is kept: a condition may have 32768
	// characters, nobody reads so many.
	longestMessage = 1000
)

// Redactor takes out of messages what a person wrote as values: they may hold
// secrets, and messages end up in status, events and logs. A message may tell paths,
// keys and kinds.
type Redactor struct{ texts []redacted }

type redacted struct{ text, path string }

// NewRedactor returns a redactor for what persons wrote in the layers.
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

// collect finds the texts in a tree, and the first path of each. Booleans tell
// nothing; neither do short numbers.
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
		learn(value, Path(at), known)
	case int64, float64:
		if text := fmt.Sprint(value); len(text) > shortest {
			learn(text, Path(at), known)
		}
	}
}

// learn adds a text as it stands, as quoting writes it, without its line breaks, and
// its longer words, since a message may show a part; words of a language are no
// secrets.
func learn(text, path string, known map[string]string) {
	quoted := strconv.Quote(text)
	forms := []string{text, quoted[1 : len(quoted)-1], strings.Join(strings.Fields(text), " ")}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !wordRune(r) && r != '-' }) {
		if len(word) >= longText && strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLower(r) }) {
			forms = append(forms, word)
		}
	}
	for _, form := range forms {
		if form = strings.TrimSpace(form); len(form) >= shortest && form != "true" && form != "false" && known[form] == "" {
			known[form] = path
		}
	}
}

// quotedValue matches where the API server quotes a value that it refuses:
// k8s.io/apimachinery/pkg/util/validation/field, Error.
var quotedValue = regexp.MustCompile(`((?:Invalid|Unsupported|Duplicate) value): (?:"(?:[^"\\]|\\.)*"|[{\[].*[}\]]|[^:",]*)`)

// Redact returns the message with each text from the values replaced by its path in
// brackets, without the values that the API server quotes, and shortened.
func (r Redactor) Redact(message string) string {
	message = quotedValue.ReplaceAllString(message, "$1")
	for _, known := range r.texts {
		message = replace(message, known.text, known.path)
	}
	if len(message) > longestMessage {
		message = strings.ToValidUTF8(message[:longestMessage], "") + "…"
	}
	return message
}

func replace(message, text, by string) string {
	if len(text) >= longText {
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
