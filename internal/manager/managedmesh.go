// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	polling "k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// managedMeshRetry is the pause between two tries to apply the managed mesh: at first
// the API server may not serve the CRD yet.
const managedMeshRetry = time.Second

// managedMeshManager is the field manager of what the operator's chart asks for.
const managedMeshManager = client.FieldOwner("gloo-operator-chart")

// managedMesh applies the ServiceMeshController that the operator's chart asks for,
// once, as soon as the API server serves the kind. Helm could not create it in the
// same release as its CRD, and would take the mesh away with the operator that has to
// remove it.
type managedMesh struct {
	client client.Client
	log    logr.Logger
	mesh   *unstructured.Unstructured
}

// readManagedMesh reads the manifest.
func readManagedMesh(file string) (*unstructured.Unstructured, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the managed mesh: %w", err)
	}
	mesh := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, &mesh.Object); err != nil {
		return nil, fmt.Errorf("reading the managed mesh %s: %w", file, err)
	}
	if mesh.GroupVersionKind() != v1.GroupVersion.WithKind("ServiceMeshController") {
		return nil, fmt.Errorf("reading the managed mesh %s: not a ServiceMeshController", file)
	}
	return mesh, nil
}

func addManagedMesh(mgr ctrl.Manager, options Options) error {
	if options.ManagedMesh == "" {
		return nil
	}
	mesh, err := readManagedMesh(options.ManagedMesh)
	if err != nil {
		return err
	}
	return mgr.Add(&managedMesh{client: mgr.GetClient(), log: options.Log, mesh: mesh})
}

// Start implements the manager's Runnable: it runs on the leader.
func (m *managedMesh) Start(ctx context.Context) error {
	reported := ""
	err := polling.PollUntilContextCancel(ctx, managedMeshRetry, true, func(ctx context.Context) (bool, error) {
		configuration := client.ApplyConfigurationFromUnstructured(m.mesh.DeepCopy())
		err := m.client.Apply(ctx, configuration, managedMeshManager, client.ForceOwnership)
		if err != nil && err.Error() != reported && ctx.Err() == nil {
			reported = err.Error()
			m.log.Info("the managed mesh is not applied yet", "name", m.mesh.GetName(), "reason", reported)
		}
		return err == nil, nil
	})
	if err == nil {
		m.log.Info("managed mesh applied", "name", m.mesh.GetName())
	}
	return nil // The context has ended otherwise.
}
