// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strconv"
	"strings"
)

// podPicture fills the template of a pod's status.
type podPicture struct {
	Phase            string
	ReadyConditions  []string
	ReadyStatus      string
	ConditionReason  string
	ConditionMessage string
	ContainerReady   bool
	Waiting          bool
	Reason           string
	Message          string
}

var readyConditions = []string{"ContainersReady", "Ready"}

func readyStatus() map[string]any {
	return podPicture{
		Phase: "Running", ReadyConditions: readyConditions, ReadyStatus: `"True"`,
		ConditionReason: `""`, ConditionMessage: `""`, ContainerReady: true,
	}.step()
}

func unreadyStatus() map[string]any { return notReady("Running").step() }

// failedStatus keeps a pod Pending whose containers never ran, as for a missing image.
func (b Behavior) failedStatus() map[string]any {
	phase := "Running"
	if b.Reason != crashLoop {
		phase = `{{ or .status.phase "Pending" }}`
	}
	picture := notReady(phase)
	picture.Waiting, picture.Reason, picture.Message = true, strconv.Quote(b.Reason), strconv.Quote(b.Message)
	return picture.step()
}

func notReady(phase string) podPicture {
	return podPicture{
		Phase: phase, ReadyConditions: readyConditions, ReadyStatus: `"False"`,
		ConditionReason: "ContainersNotReady", ConditionMessage: `"containers with unready status"`,
	}
}

func (p podPicture) step() map[string]any {
	var text strings.Builder
	if err := podStatus.Execute(&text, p); err != nil {
		panic(err) // the template and its data are both of this package
	}
	return status(text.String())
}

// status is the step that patches the status of an object.
func status(text string) map[string]any {
	return map[string]any{"patch": map[string]any{
		"subresource": "status", "root": "status", "type": "strategic", "template": text,
	}}
}
