// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// Facts are what the plan needs to know of the cluster.
type Facts struct {
	// KubernetesVersion is the API server's, such as v1.37.2. Empty: Helm's default.
	KubernetesVersion string
	// GatewayAPI lists the Gateway API CRDs that the cluster has.
	GatewayAPI []gatewayapi.Installed
	// Platform is the platform of the nodes, as in global.platform of Istio's charts. Empty:
	// the charts need no special values.
	Platform string
	// StandardCNIDirs: CNI plugins are in containerd's standard directories, although the platform has directories of its own, as on K3s with Cilium.
	StandardCNIDirs bool
	// SingleNode: one node takes all pods of istiod.
	SingleNode bool
}

// Input is everything that a plan depends on.
type Input struct {
	// Owner is the ServiceMeshController's name.
	Owner string
	// Spec is the ServiceMeshController's spec.
	Spec v1.ServiceMeshControllerSpec
	// Extensions is the data of the ConfigMap v1.ExtensionsName: values for one chart
	// each, under keys such as values.istiod.
	Extensions map[string]string
	// PullSecrets are to be copied to the install namespace.
	PullSecrets []PullSecret
	// Facts of the cluster.
	Facts Facts
	// Probe is how the operator runs probes.
	Probe Probe
	// Archives are the charts of a version that is not bundled, by their published
	// names: base, istiod, cni, ztunnel. Nil: none. Bundled charts take precedence.
	Archives map[string][]byte
}

// Plan is the desired state of the cluster.
type Plan struct {
	// Version is the Istio version.
	Version string
	// Kubernetes is the range of versions that this Istio supports.
	Kubernetes istio.MinorRange
	// Components in the order in which they are applied.
	Components []Component
	// Notices are warnings about the input.
	Notices []Notice

	layers []values.Layer
}

// Objects returns the objects of all components, in the order in which they are applied.
func (p *Plan) Objects() []object.Object {
	var objects []object.Object
	for _, component := range p.Components {
		objects = append(objects, component.Objects...)
	}
	return objects
}

// Redact removes user-provided values from a message: see values.Redactor.
func (p *Plan) Redact(message string) string { return values.NewRedactor(p.layers).Redact(message) }

// Digest identifies the plan's objects and values: another plan has another digest.
func (p *Plan) Digest() string {
	digests := make([]string, len(p.Components))
	for i, component := range p.Components {
		digests[i] = component.Digest
	}
	return digest([]any{p.Version, digests})
}

// Component is one part of the mesh.
type Component struct {
	// Name as in the status.
	Name string
	// Version of the component: Istio's, or the Gateway API's.
	Version string
	// Objects in the order in which they are applied.
	Objects []object.Object
	// Values that the chart is rendered with, and where they come from. Zero for a
	// component without a chart.
	Values values.Tree
	// Rendered is the chart's output. Nil for a component without a chart.
	Rendered *helm.Rendered
	// Digest identifies the component's objects and values.
	Digest string
	// Unawaited: the component is complete once it is applied, whether or not its pods are ready.
	Unawaited bool
}

// Notice is a warning that blocks nothing.
type Notice struct {
	// Reason is a constant of api/v1.
	Reason string
	// Message is one sentence.
	Message string
}

// Builder builds plans. It caches the most recent plans, the loaded charts and the newest
// version of each component: a cached plan costs almost nothing, and a changed one costs
// only its changed components. It is safe for concurrent use.
type Builder struct {
	plans      plans
	charts     cache[*helm.Chart]
	components cache[Component]
}

// Build compiles the input. It fails with an *istio.UnknownVersionError, an
// *InvalidValuesError, whose cause may be an *ExtensionsError, a *helm.StoppedError,
// an *OutsideError, a *values.LimitError, a *ReservedError or an
// *UnexpectedObjectError, an *ExtensionsError, or an error that wraps
// gatewayapi.ErrNotBundled. The plan is shared: callers must not change it.
func (b *Builder) Build(input Input) (*Plan, error) {
	return b.plans.get(input.key(), func() (*Plan, error) { return b.build(input) })
}

// key is equal only for inputs that make the same plan.
func (i Input) key() string {
	archives := make(map[string]string, len(i.Archives))
	for name, archive := range i.Archives {
		archives[name] = hash(archive)
	}
	i.Archives = nil
	return digest([]any{i, archives})
}

func (b *Builder) build(input Input) (*Plan, error) {
	release, err := releaseOf(input)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Version: release.Version, Kubernetes: release.Kubernetes}
	if err := b.addGatewayAPI(plan, release, input); err != nil {
		return nil, err
	}
	layers, err := layersOf(input, release)
	if err != nil {
		return nil, err
	}
	charts, err := b.load(release, input)
	if err != nil {
		return nil, err
	}
	for _, chart := range charts {
		component, err := b.component(chart, layers, input)
		if err != nil {
			return nil, invalid(locate(err, input.Extensions), layers)
		}
		plan.Components = append(plan.Components, component)
	}
	if err := b.addProbe(plan, input); err != nil {
		return nil, err
	}
	plan.layers = layers
	plan.addNotices(charts, layers, input)
	return plan, nil
}

func (b *Builder) addGatewayAPI(plan *Plan, release istio.Release, input Input) error {
	component := Component{Name: v1.ComponentGatewayAPI, Version: release.GatewayAPI}
	if !gatewayapi.Decide(input.Spec.GatewayAPI, release.GatewayAPI, input.Facts.GatewayAPI) {
		plan.Components = append(plan.Components, component)
		return nil
	}
	component, err := b.components.get(component.Name, digest([]string{input.Owner, release.GatewayAPI}), func() (Component, error) {
		objects, err := gatewayapi.Bundle(release.GatewayAPI)
		if err != nil {
			return Component{}, fmt.Errorf("Gateway API %w", err)
		}
		return finish(component, objects, input)
	})
	plan.Components = append(plan.Components, component)
	return err
}

// InvalidValuesError reports that the values cannot be rendered. Its message contains only
// their paths.
type InvalidValuesError struct {
	cause   error
	message string
}

// invalid removes user-provided values from an error, unless it can contain only paths.
func invalid(cause error, layers []values.Layer) *InvalidValuesError {
	message := cause.Error()
	if kind, reserved := (*values.TypeError)(nil), (*ReservedError)(nil); !errors.As(cause, &kind) && !errors.As(cause, &reserved) {
		message = values.NewRedactor(layers).Redact(message)
	}
	return &InvalidValuesError{cause: cause, message: message}
}

func (e *InvalidValuesError) Error() string { return e.message }

func (e *InvalidValuesError) Unwrap() error { return e.cause }

// digest is the hash of a value's JSON.
func digest(content any) string {
	encoded, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encoding the plan as JSON: %v", err)) // Decoded from JSON or YAML: cannot happen.
	}
	return hash(encoded)
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}
