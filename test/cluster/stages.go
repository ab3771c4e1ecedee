// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// The status templates are kwok's, with its own functions; what stands in [[ ]] is filled in here.
var (
	//go:embed pod-status.yaml.tmpl
	podStatusText string
	podStatus     = template.Must(template.New("pod").Delims("[[", "]]").Parse(podStatusText))
	//go:embed node-status.yaml.tmpl
	nodeStatus string
)

// Questions to a pod, in jq.
const (
	jqAlive    = `.metadata.deletionTimestamp == null`
	jqUnended  = `(.status.phase // "Pending" | . == "Pending" or . == "Running")`
	jqReady    = `([.status.conditions[]? | select(.type == "Ready") | .status] | first)`
	jqNotReady = jqReady + ` != "True"`
	jqState    = `(.status.containerStatuses // [] | first | .state)`
)

// writeStages writes the configuration with which kwok plays the kubelets. For a pod at most one
// stage fits, and none fits a pod that is as it should be, so kwok makes no idle requests. Other
// than kwok's own, these stages also put right a running pod that lost its readiness.
func (c *Cluster) writeStages() error {
	c.mu.Lock()
	behaviors := c.state.Behaviors
	c.mu.Unlock()
	documents := []any{
		kwokConfiguration(),
		stage("node-ready", "Node", jqNotReady, nil, status(nodeStatus)),
		stage("pod-delete", "Pod", `.metadata.deletionTimestamp != null`, nil, map[string]any{"delete": true}),
	}
	rest := []string{jqAlive, jqUnended}
	for i := len(behaviors) - 1; i >= 0; i-- {
		fits := behaviors[i].jq()
		documents = append(documents, behaviors[i].stage(append([]string{fits}, rest...)))
		rest = append(rest, "("+fits+" | not)")
	}
	documents = append(documents, stage("pod-ready", "Pod", and(append(rest, jqNotReady)), nil, readyStatus()))
	return c.writeDocuments("kwok.yaml", documents)
}

func (c *Cluster) writeDocuments(name string, documents []any) error {
	var all bytes.Buffer
	for _, document := range documents {
		data, err := yaml.Marshal(document)
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "---\n%s", data)
	}
	return replaceFile(c.path(name), all.Bytes())
}

func kwokConfiguration() map[string]any {
	return map[string]any{
		"apiVersion": "config.kwok.x-k8s.io/v1alpha1",
		"kind":       "KwokConfiguration",
		"options": map[string]any{
			"manageNodesWithAnnotationSelector": simulatedNode + "=fake",
			"podPlayStageParallelism":           16,
			"nodePlayStageParallelism":          16,
			"podsOnNodeSyncParallelism":         16,
		},
	}
}

// stage does the step to objects for which the jq expression is true.
func stage(name, kind, when string, delay, step map[string]any) map[string]any {
	spec := map[string]any{
		"resourceRef": map[string]any{"apiGroup": "v1", "kind": kind},
		"selector": map[string]any{"matchExpressions": []any{
			map[string]any{"jq": map[string]any{"key": when, "operator": "In", "values": []string{"true"}}},
		}},
		"steps": []any{step},
	}
	if delay != nil {
		spec["delay"] = delay
	}
	return map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1",
		"kind":       "Stage",
		"metadata":   map[string]any{"name": name},
		"spec":       spec,
	}
}

// stage is what happens to pods for which the behavior is in force.
func (b heldBehavior) stage(when []string) map[string]any {
	name := fmt.Sprintf("pod-%s-%d", strings.ToLower(string(b.Mode)), b.ID)
	switch b.Mode {
	case Slow:
		return stage(name, "Pod", and(append(when, jqNotReady)), b.delay(), readyStatus())
	case Fail:
		done := fmt.Sprintf(`%s == "False" and (%s.waiting | .reason == %s and (.message // "") == %s)`,
			jqReady, jqState, quoted(b.Reason), quoted(b.Message))
		return stage(name, "Pod", and(append(when, "("+done+" | not)")), nil, b.failedStatus())
	default:
		done := fmt.Sprintf(`%s == "False" and %s.running != null`, jqReady, jqState)
		return stage(name, "Pod", and(append(when, "("+done+" | not)")), nil, unreadyStatus())
	}
}

// delay ends when the pod is old enough, so a new start of kwok does not begin it again.
func (b heldBehavior) delay() map[string]any {
	due := strconv.FormatFloat(b.Delay.Seconds()+1, 'f', 3, 64)
	expression := fmt.Sprintf(`"\([(.metadata.creationTimestamp | fromdateiso8601) + %s - now, 0.001] | max * 1000 | floor)ms"`, due)
	return map[string]any{"durationFrom": map[string]any{"jq": map[string]any{"expression": expression}}}
}

// jq is true for the pods that the behavior is about.
func (b Behavior) jq() string {
	conditions := []string{"true"}
	if b.Namespace != "" {
		conditions = append(conditions, ".metadata.namespace == "+quoted(b.Namespace))
	}
	for label, value := range b.Selector {
		conditions = append(conditions, fmt.Sprintf(".metadata.labels[%s] == %s", quoted(label), quoted(value)))
	}
	if len(b.Nodes) > 0 {
		names, _ := json.Marshal(b.Nodes)
		conditions = append(conditions, fmt.Sprintf("(.spec.nodeName as $node | %s | any(. == $node))", names))
	}
	if b.Image != "" {
		conditions = append(conditions, fmt.Sprintf("([.spec.containers[].image | contains(%s)] | any)", quoted(b.Image)))
	}
	return and(conditions)
}

func and(conditions []string) string { return "(" + strings.Join(conditions, " and ") + ")" }

// quoted is a string as jq writes it, which is as JSON does.
func quoted(s string) string {
	data, _ := json.Marshal(s)
	return string(data)
}
