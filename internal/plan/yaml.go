// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"regexp"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// toJSON reads YAML that a person wrote. It fails with a *values.LimitError before
// aliases are written out to more than the limit, and otherwise with an error that
// names the line and quotes nothing of the text but keys.
func toJSON(text string) ([]byte, error) {
	if err := values.CheckText(len(text)); err != nil {
		return nil, err
	}
	document := yamlv3.Node{}
	if err := yamlv3.Unmarshal([]byte(text), &document); err == nil {
		if err := values.CheckCount(expanded(&document, map[*yamlv3.Node]int{})); err != nil {
			return nil, err
		}
	}
	content, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, errors.New(unquoted(err.Error()))
	}
	return content, nil
}

// expanded counts the nodes of a document with its aliases written out, up to a bit
// more than the limit.
func expanded(node *yamlv3.Node, known map[*yamlv3.Node]int) int {
	if count, ok := known[node]; ok {
		return count
	}
	known[node] = values.MaxCount + 1 // An alias of what it stands in has no end.
	children := node.Content
	if node.Kind == yamlv3.AliasNode {
		children = []*yamlv3.Node{node.Alias}
	}
	count := 1
	for _, child := range children {
		count = min(count+expanded(child, known), 2*values.MaxCount+2)
	}
	known[node] = count
	return count
}

// The messages of the YAML parser that quote the text.
var (
	anchorMessage = regexp.MustCompile(`unknown anchor '.*' referenced`)
	keyMessage    = regexp.MustCompile(`(?s)(Unsupported map key|invalid map key).*`)
	quotedText    = regexp.MustCompile("`[^`]*`")
)

// unquoted is a message of the YAML parser without what it quotes, but for keys.
func unquoted(message string) string {
	message = strings.TrimPrefix(message, "error converting YAML to JSON: ")
	message = anchorMessage.ReplaceAllString(message, "a text that begins with * needs quotes")
	message = keyMessage.ReplaceAllString(message, "a key must be a text")
	return quotedText.ReplaceAllString(message, "a text")
}

// TooLarge tells that values exceed a limit.
func TooLarge(err error) bool {
	limit := &values.LimitError{}
	return errors.As(err, &limit)
}
