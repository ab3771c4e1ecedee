// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"regexp"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// redacted stands for what was removed.
const redacted = "[redacted]"

// credentials match what looks like a credential, wherever it comes from.
var credentials = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)`), redacted},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*`), redacted},
	{regexp.MustCompile(`(?i)\b(bearer[ \t:=]+["']?|authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?[a-z]+[ \t]+)[A-Za-z0-9._~+/=-]{6,}`), "${1}" + redacted},
	{regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/:@"'<>]*:[^\s@"'<>]*|[^\s/"'<>]*)@`), "${1}" + redacted + "@"},
	{regexp.MustCompile(`(?i)((?:^|[^A-Za-z])[A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credentials?|authorization)[A-Za-z0-9_.-]*\\?["']?[ \t]*[:=][ \t]*)` +
		`(\\"[^"]*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&}\]]+)`), "${1}" + redacted},
}

// pemEnd matches the end of a PEM block, and pemBegin its beginning.
var pemBegin, pemEnd = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----`), regexp.MustCompile(`-----END [A-Z0-9 ]+-----`)

// scrubber removes what must not leave the cluster from texts.
type scrubber struct{ values values.Redactor }

// scrub returns a text without the values that users wrote, and without credentials.
func (s scrubber) scrub(text string) string {
	text = withoutPEMRest(text) // Before other patterns split it.
	for _, c := range credentials {
		text = c.pattern.ReplaceAllString(text, c.by)
	}
	return s.values.Replace(text)
}

// withoutPEMRest removes the rest of a PEM block at the beginning of a text: a log that is read from
// its end may begin within one.
func withoutPEMRest(text string) string {
	end := pemEnd.FindStringIndex(text)
	if end == nil {
		return text
	}
	if begin := pemBegin.FindStringIndex(text); begin != nil && begin[0] < end[0] {
		return text
	}
	return redacted + text[end[1]:]
}

// lastLines returns the last complete lines of a text, up to that many bytes, and whether it has more.
func lastLines(text string, most int) (string, bool) {
	if len(text) <= most {
		return text, false
	}
	rest := text[len(text)-most:]
	if _, after, found := strings.Cut(rest, "\n"); found {
		return after, true
	}
	return "", true
}
