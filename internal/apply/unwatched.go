// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// attachmentNamespace is the namespace in which Istio's chart puts its
// NetworkAttachmentDefinition.
const attachmentNamespace = metav1.NamespaceDefault

// Attachments lists the NetworkAttachmentDefinitions of that owner. It sends a request
// only where the cluster serves the kind.
//
// Of the other kinds that are not watched, Endpoints and EndpointSlices stand for a remote
// istiod, which no mesh of this operator has.
func (a *Applier) Attachments(ctx context.Context, owner string) ([]Owned, error) {
	if !a.served(object.NetworkAttachmentDefinition) {
		return nil, nil
	}
	return a.listOwned(ctx, object.NetworkAttachmentDefinition, attachmentNamespace, owner)
}

// Policies lists the policies of the probes that an owner has in a namespace. It sends requests
// only where the cluster serves their kinds.
func (a *Applier) Policies(ctx context.Context, namespace, owner string) ([]Owned, error) {
	var owned []Owned
	for _, kind := range []object.Kind{object.AuthorizationPolicy, object.PeerAuthentication} {
		if !a.served(kind) {
			continue
		}
		more, err := a.listOwned(ctx, kind, namespace, owner)
		if err != nil {
			return nil, err
		}
		owned = append(owned, more...)
	}
	return owned, nil
}

// served reports whether the cluster has the CRD of a kind.
func (a *Applier) served(kind object.Kind) bool {
	name := kind.Resource + "." + kind.GVK.Group
	return slices.ContainsFunc(a.observer.CRDs(), func(crd metav1.Object) bool { return crd.GetName() == name })
}

// Copies lists the copies of Secrets that the operator has made for that owner in a
// namespace: their metadata, and no contents.
func (a *Applier) Copies(ctx context.Context, namespace, owner string) ([]Owned, error) {
	owned, err := a.listOwned(ctx, object.Secret, namespace, owner)
	return slices.DeleteFunc(owned, func(o Owned) bool { return o.Object.GetAnnotations()[v1.CopiedFromAnnotation] == "" }), err
}

// listOwned asks the API server for the objects of a kind that an owner has in a
// namespace. As in Observer.Owned, the label alone makes no owner.
func (a *Applier) listOwned(ctx context.Context, kind object.Kind, namespace, owner string) ([]Owned, error) {
	list, err := a.resource(kind, namespace).List(ctx, metav1.ListOptions{LabelSelector: v1.OwnerLabel + "=" + owner})
	if apierrors.IsNotFound(err) { // The kind is not served.
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s of the mesh: %w", kind.Resource, err)
	}
	var owned []Owned
	for i := range list.Items {
		made := &list.Items[i]
		if ownFields(made) == nil {
			continue
		}
		key := object.Key{GVK: kind.GVK, Namespace: made.Namespace, Name: made.Name}
		owned = append(owned, Owned{Key: key, Object: made, Component: made.Labels[v1.ComponentLabel]})
	}
	return owned, nil
}
