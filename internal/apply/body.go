// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// bodyFor returns what to send for an object of which the cluster shows live,
// which may be nil. It is the object's body, except for fields that it yields:
// what another client has taken over is left out, and replicas that we still own while an
// autoscaler is about to take them are sent as they are, since giving them up
// would reset them to one.
func bodyFor(kind object.Kind, o object.Object, live metav1.Object) ([]byte, error) {
	if live == nil || listOf(kind.GVK) == noList && kind.GVK != object.ValidatingWebhookConfiguration.GVK {
		return o.Body, nil
	}
	owned, err := decodeFields(ownFields(live))
	if err != nil {
		return o.Body, nil //nolint:nilerr // Without an entry of ours nothing has been yielded.
	}
	if kind.GVK == object.ValidatingWebhookConfiguration.GVK {
		if ownsAny(owned, yieldsOf(kind, o.Body, live)) {
			return o.Body, nil
		}
		return edit(o, dropFailurePolicies)
	}
	return edit(o, yielding(o, owned, live)...)
}

// yielding lists the changes of a body for what the object yields.
func yielding(o object.Object, owned *fieldpath.Set, live metav1.Object) []func(map[string]any) error {
	var edits []func(map[string]any) error
	deployment, ok := live.(*appsv1.Deployment)
	if ok && deployment.Spec.Replicas != nil && !namesReplicas(o.Body) && owns(owned, replicasPath) {
		edits = append(edits, keepReplicas(*deployment.Spec.Replicas))
	}
	if l := listOf(o.GVK); l.covers(live, o.Body) && len(l.wanted(o.Body)) > 0 && !owns(owned, string(l)) {
		edits = append(edits, l.drop)
	}
	return edits
}

func keepReplicas(count int32) func(map[string]any) error {
	return func(content map[string]any) error {
		return unstructured.SetNestedField(content, int64(count), "spec", "replicas")
	}
}

func owns(owned *fieldpath.Set, field string) bool {
	return ownsAny(owned, func(path fieldpath.Path) bool { return path.String() == field })
}

func ownsAny(owned *fieldpath.Set, yields yields) bool {
	found := false
	owned.Iterate(func(path fieldpath.Path) { found = found || yields(path) })
	return found
}

func dropFailurePolicies(content map[string]any) error {
	webhooks, _, err := unstructured.NestedSlice(content, "webhooks")
	if err != nil {
		return err
	}
	for _, webhook := range webhooks {
		if webhook, ok := webhook.(map[string]any); ok {
			delete(webhook, "failurePolicy")
		}
	}
	return unstructured.SetNestedSlice(content, webhooks, "webhooks")
}

// edit changes an object's body; without changes it is the same bytes.
func edit(o object.Object, changes ...func(map[string]any) error) ([]byte, error) {
	if len(changes) == 0 {
		return o.Body, nil
	}
	decoded := &unstructured.Unstructured{}
	if err := decoded.UnmarshalJSON(o.Body); err != nil {
		return nil, fmt.Errorf("reading the body of %s: %w", o.Key(), err)
	}
	for _, change := range changes {
		if err := change(decoded.Object); err != nil {
			return nil, fmt.Errorf("editing the body of %s: %w", o.Key(), err)
		}
	}
	return json.Marshal(decoded.Object)
}

func namesReplicas(body []byte) bool {
	var deployment struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	return json.Unmarshal(body, &deployment) == nil && deployment.Spec.Replicas != nil
}
