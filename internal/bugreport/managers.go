// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"bytes"
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/metadata"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// addManagers adds a table of who set how many fields of each object of a mesh. It reads metadata, and
// no Secret.
func (c *collector) addManagers(ctx context.Context, name string, smc *v1.ServiceMeshController) {
	var out bytes.Buffer
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tOBJECT\tMANAGER\tOPERATION\tSUBRESOURCE\tTIME\tFIELDS")
	for _, kind := range object.Kinds() {
		if kind.Private {
			continue
		}
		list, err := c.ownedMetadata(ctx, kind, smc)
		if apierrors.IsNotFound(err) {
			continue // Not each cluster serves each kind.
		}
		if err != nil {
			c.failed("listing "+kind.Resource, err)
			continue
		}
		if list.Continue != "" {
			c.cut("%s: %s after the first %d", name, kind.Resource, objectsRead)
		}
		for i := range list.Items {
			c.printManagers(table, kind, &list.Items[i])
		}
	}
	_ = table.Flush() // It writes to memory.
	c.add(name, out.Bytes())
}

func (c *collector) ownedMetadata(ctx context.Context, kind object.Kind, smc *v1.ServiceMeshController) (*metav1.PartialObjectMetadataList, error) {
	var resource metadata.ResourceInterface = c.metadata.Resource(kind.GVR())
	if kind.Namespaced {
		resource = c.metadata.Resource(kind.GVR()).Namespace(installNamespace(smc))
	}
	return resource.List(ctx, metav1.ListOptions{LabelSelector: v1.OwnerLabel + "=" + smc.Name, Limit: objectsRead})
}

func (c *collector) printManagers(table *tabwriter.Writer, kind object.Kind, o *metav1.PartialObjectMetadata) {
	for _, entry := range o.ManagedFields {
		at, count := "", 0
		if entry.Time != nil {
			at = entry.Time.UTC().Format(time.RFC3339)
		}
		if entry.FieldsV1 != nil {
			set := map[string]any{}
			if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &set) == nil {
				count = leaves(set)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", kind.GVK.Kind, o.Name, c.scrub(entry.Manager), entry.Operation, entry.Subresource, at, count)
	}
}

// leaves counts the fields of a set that have none themselves.
func leaves(set map[string]any) int {
	count := 0
	for _, value := range set {
		if below, ok := value.(map[string]any); ok && len(below) > 0 {
			count += leaves(below)
		} else {
			count++
		}
	}
	return count
}
