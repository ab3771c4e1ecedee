// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// meshKind is the kind of the resource, in events too.
const meshKind = "ServiceMeshController"

// readMeshes reads the ServiceMeshControllers. All are read for one of them too, since all have values
// of users.
func (c *collector) readMeshes(ctx context.Context) error {
	list, err := c.dynamic.Resource(v1.GroupVersion.WithResource("servicemeshcontrollers")).List(ctx, metav1.ListOptions{})
	status := apierrors.APIStatus(nil)
	switch {
	case err != nil && !errors.As(err, &status):
		return err // The API server does not answer.
	case err != nil:
		c.failed("listing ServiceMeshControllers", err)
		c.valuesUnknown = !apierrors.IsNotFound(err) // There is no CRD.
		return nil
	}
	for i := range list.Items {
		smc := &v1.ServiceMeshController{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, smc); err != nil {
			c.failed("decoding ServiceMeshController "+list.Items[i].GetName(), err)
			smc.Name = list.Items[i].GetName()
			c.valuesUnknown = true
		}
		c.meshes, c.raw = append(c.meshes, smc), append(c.raw, list.Items[i])
	}
	if len(c.meshes) == 0 {
		c.Errors = append(c.Errors, "there is no ServiceMeshController")
	}
	if c.Name != "" && !slices.ContainsFunc(c.meshes, func(smc *v1.ServiceMeshController) bool { return smc.Name == c.Name }) {
		return fmt.Errorf("there is no ServiceMeshController %q", c.Name)
	}
	return nil
}

// addMesh adds all files of a mesh, if the report is about it.
func (c *collector) addMesh(ctx context.Context, at int) {
	smc := c.meshes[at]
	if c.Name != "" && c.Name != smc.Name {
		return
	}
	prefix := fileName("meshes", smc.Name)
	c.addObjects(prefix+".yaml", "without spec.values", c.raw[at].Object)
	c.addEvents(ctx, prefix+"-events.yaml", smc.Name)
	c.addPlan(prefix+"-plan.yaml", smc)
	c.addManagers(ctx, prefix+"-managers.txt", smc)
	c.addWorkloads(ctx, smc)
}

// event is what is shown of an event.
type event struct {
	First   metav1.Time `json:"first"`
	Last    metav1.Time `json:"last"`
	Count   int32       `json:"count,omitempty"`
	Type    string      `json:"type"`
	Reason  string      `json:"reason"`
	Action  string      `json:"action,omitempty"`
	Message string      `json:"message"`
}

// addEvents adds the events about a mesh, the last first. Those about a cluster-scoped object are in
// the namespace default.
func (c *collector) addEvents(ctx context.Context, name, mesh string) {
	list, err := c.clientset.CoreV1().Events(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{
		Limit: MaxEvents, FieldSelector: fields.Set{"involvedObject.kind": meshKind, "involvedObject.name": mesh}.String(),
	})
	if err != nil {
		c.failed("listing events of "+mesh, err)
		return
	}
	if list.Continue != "" {
		c.cut("%s: events after the first %d", name, MaxEvents)
	}
	events := make([]event, len(list.Items))
	for i := range list.Items {
		events[i] = c.eventOf(&list.Items[i])
	}
	slices.SortStableFunc(events, func(a, b event) int { return b.Last.Compare(a.Last.Time) })
	c.addYAML(name, events)
}

func (c *collector) eventOf(e *corev1.Event) event {
	created := metav1.NewTime(e.EventTime.Time)
	first, last, count := firstTime(e.FirstTimestamp, created, e.CreationTimestamp), firstTime(e.LastTimestamp, created, e.CreationTimestamp), e.Count
	if e.Series != nil {
		last, count = metav1.NewTime(e.Series.LastObservedTime.Time), e.Series.Count
	}
	return event{First: first, Last: last, Count: count, Type: e.Type, Reason: e.Reason, Action: e.Action, Message: c.scrub(e.Message)}
}

func firstTime(times ...metav1.Time) metav1.Time {
	for _, t := range times {
		if !t.IsZero() {
			return metav1.NewTime(t.Truncate(time.Second))
		}
	}
	return metav1.Time{}
}

// installNamespace is the namespace of a mesh.
func installNamespace(smc *v1.ServiceMeshController) string {
	return cmp.Or(smc.Spec.InstallNamespace, "istio-system")
}

// objectsOf lists objects of a kind in a namespace, by labels.
func (c *collector) objectsOf(ctx context.Context, kind runtimeKind, namespace, selector string) ([]unstructured.Unstructured, error) {
	list, err := c.dynamic.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: objectsRead})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}
