// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"io"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// The values of --output.
const (
	outputText = "text"
	outputJSON = "json"
)

// diffDocument is the JSON output. Lists are never null.
type diffDocument struct {
	Version      string              `json:"version"`
	Summary      string              `json:"summary"`
	Differences  []diffDifference    `json:"differences"`
	Obstacles    []string            `json:"obstacles"`
	Notices      []string            `json:"notices"`
	UpgradeNotes []istio.UpgradeNote `json:"upgradeNotes"`
}

type diffDifference struct {
	APIVersion   string       `json:"apiVersion"`
	Kind         string       `json:"kind"`
	Namespace    string       `json:"namespace,omitempty"`
	Name         string       `json:"name"`
	Effect       apply.Effect `json:"effect"`
	RestartsPods bool         `json:"restartsPods"`
	Fields       []diffField  `json:"fields"`
}

type diffField struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
}

// printJSON prints everything as one document.
func printJSON(out io.Writer, outlook *controller.DiffResult) error {
	document := diffDocument{
		Version: outlook.Version, Summary: apply.Summary(outlook.Differences), Differences: []diffDifference{},
		Obstacles: append([]string{}, outlook.Blockers...), Notices: append([]string{}, outlook.Notices...),
		UpgradeNotes: append([]istio.UpgradeNote{}, outlook.UpgradeNotes...),
	}
	for _, difference := range outlook.Differences {
		apiVersion, kind := difference.GVK.ToAPIVersionAndKind()
		fields := []diffField{}
		for _, field := range difference.Fields {
			fields = append(fields, diffField(field))
		}
		document.Differences = append(document.Differences, diffDifference{
			APIVersion: apiVersion, Kind: kind, Namespace: difference.Namespace, Name: difference.Name,
			Effect: difference.Effect, RestartsPods: difference.RestartsPods, Fields: fields,
		})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}
