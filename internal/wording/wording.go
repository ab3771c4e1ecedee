// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"fmt"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	// maxListed is how many names List shows.
	maxListed = 20
	// maxNameLength is how many bytes of a name a list shows.
	maxNameLength = 200
)

// List returns the first twenty names, and how many more there are.
func List(names []string) string { return First(names, maxListed) }

// First returns the first count names, and how many more there are.
func First(names []string, count int) string {
	shown := make([]string, min(count, len(names)))
	for i := range shown {
		shown[i] = Truncate(names[i], maxNameLength)
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Truncate shortens a text to that many bytes. An ellipsis marks the cut.
func Truncate(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest-len("…")], "") + "…"
}

// Fit returns the status with every message truncated to what the schema of the CRD allows.
func Fit(status v1.ServiceMeshControllerStatus) v1.ServiceMeshControllerStatus {
	fitted := *status.DeepCopy()
	messages := []*string{&fitted.Message}
	for i := range fitted.Conditions {
		messages = append(messages, &fitted.Conditions[i].Message)
	}
	for i := range fitted.Components {
		messages = append(messages, &fitted.Components[i].Message)
	}
	if fitted.Bypass != nil {
		messages = append(messages, &fitted.Bypass.Message)
	}
	if fitted.Certificates != nil {
		messages = append(messages, &fitted.Certificates.Message)
	}
	if fitted.Rollout != nil {
		messages = append(messages, &fitted.Rollout.Progress)
	}
	if fitted.Proposal != nil {
		messages = append(messages, &fitted.Proposal.Summary)
	}
	if fitted.FailedRollout != nil {
		messages = append(messages, &fitted.FailedRollout.Message)
	}
	for _, message := range messages {
		*message = Truncate(*message, v1.MaxMessageLength)
	}
	return fitted
}
