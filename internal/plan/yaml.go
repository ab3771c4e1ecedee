// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/values"
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// toJSON reads user-provided YAML. It fails with a *values.LimitError before aliases expand
// beyond the limit, and otherwise with an error that names the line and quotes only keys.
func toJSON(text string) ([]byte, error) {
	if err := values.CheckText(len(text)); err != nil {
		return nil, err
	}
	size, err := yamllimit.Expanded([]byte(text))
	if err != nil {
		return nil, errors.New(unquoted(err.Error()))
	}
	if err := cmp.Or(values.CheckCount(size.Values), values.CheckExpanded(size.Bytes)); err != nil {
		return nil, err
	}
	content, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, errors.New(unquoted(err.Error()))
	}
	return content, nil
}

// The messages of the YAML parser that quote the input.
var (
	anchorMessage = regexp.MustCompile(`unknown anchor '.*' referenced`)
	keyMessage    = regexp.MustCompile(`(?s)(Unsupported map key|invalid map key).*`)
	quotedText    = regexp.MustCompile("`[^`]*`")
)

// unquoted is a message of the YAML parser without quoted input other than keys.
func unquoted(message string) string {
	message = strings.TrimPrefix(message, "error converting YAML to JSON: ")
	message = anchorMessage.ReplaceAllString(message, "a string that begins with * must be quoted")
	message = keyMessage.ReplaceAllString(message, "a key must be a string")
	return quotedText.ReplaceAllString(message, "a string")
}

// TooLarge reports whether values exceed a limit.
func TooLarge(err error) bool {
	limit := &values.LimitError{}
	return errors.As(err, &limit)
}
