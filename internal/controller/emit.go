// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// emit emits the event, shortened to what the API server takes.
func emit(recorder events.EventRecorder, resource runtime.Object, o status.Event) {
	message := wording.Truncate(o.Message, maxNoteLength)
	var about runtime.Object
	if o.Related != nil {
		about = o.Related
	}
	recorder.Eventf(resource, about, o.Type, o.Reason, o.Action, "%s", message)
}

// maxNoteLength is how many bytes the API server takes for the text of an event:
// k8s.io/kubernetes/pkg/apis/core/validation, NoteLengthLimit.
const maxNoteLength = 1024
