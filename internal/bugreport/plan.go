// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"encoding/json"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// addPlan adds the objects of the plan of spec, without all that comes from values of users: it has
// what the plan without these values has too. CRDs are those of the release, and left out.
func (c *collector) addPlan(name string, smc *v1.ServiceMeshController) {
	if c.valuesUnknown {
		return
	}
	built, err := c.build(smc, smc.Spec, c.extensions)
	if err != nil {
		c.failed("building the plan of "+smc.Name, err)
		return
	}
	spec := smc.Spec
	spec.Values = nil
	var common map[object.Key]map[string]any
	without, err := c.build(smc, spec, nil)
	if err == nil {
		common, err = bodies(without)
	}
	if err != nil { // Nothing is known to come from elsewhere: only keys are shown.
		c.failed("building the plan of "+smc.Name+" without values, to compare with", err)
	}
	objects, err := bodies(built)
	if err != nil {
		c.failed("decoding the plan of "+smc.Name, err)
		return
	}
	c.addObjects(name, fmt.Sprintf("what this command renders for spec of Istio %s, without values of users and CRDs", built.Version), planned(built, objects, common)...)
}

// build renders a mesh. It needs a release that is bundled.
func (c *collector) build(smc *v1.ServiceMeshController, spec v1.ServiceMeshControllerSpec, extensions map[string]string) (*plan.Plan, error) {
	spec.GatewayAPI = v1.GatewayAPIIgnore
	facts := plan.Facts{SingleNode: c.preflightNodes().SingleNode()}
	if environment := smc.Status.Environment; environment != nil {
		facts.KubernetesVersion, facts.Platform, facts.StandardCNIDirs = environment.Kubernetes, helmPlatform(environment.Platform), standardDirectories(environment)
	}
	return new(plan.Builder).Build(plan.Input{Owner: smc.Name, Spec: spec, Extensions: extensions, Facts: facts})
}

// helmPlatform is the platform that the charts get. For minikube it also depends on the nodes, and the
// report shows their runtime.
func helmPlatform(platform string) string {
	if platform == preflight.EKS || platform == preflight.AKS {
		return ""
	}
	return platform
}

// standardDirectories reports whether K3s has another CNI plugin than its own.
func standardDirectories(environment *v1.EnvironmentStatus) bool {
	k3s := environment.Platform == preflight.K3s || environment.Platform == preflight.K3d
	return k3s && environment.CNI != "Flannel of K3s"
}

// bodies decodes the objects of a plan but CRDs.
func bodies(built *plan.Plan) (map[object.Key]map[string]any, error) {
	decoded := map[object.Key]map[string]any{}
	for _, o := range built.Objects() {
		if o.GVK == object.CustomResourceDefinition.GVK || o.GVK == object.Secret.GVK {
			continue
		}
		body := map[string]any{}
		if err := json.Unmarshal(o.Body, &body); err != nil {
			return nil, fmt.Errorf("decoding %s: %w", o.Key(), err)
		}
		decoded[o.Key()] = body
	}
	return decoded, nil
}

// planned returns what the objects of a plan have in common with others, in the plan's order.
func planned(built *plan.Plan, objects, common map[object.Key]map[string]any) []map[string]any {
	var shown []map[string]any
	for _, o := range built.Objects() {
		body, found := objects[o.Key()]
		if !found {
			continue
		}
		var other any
		if with, found := common[o.Key()]; found {
			other = with
		}
		clean, _ := onlyCommon(body, other).(map[string]any)
		identify(clean, o)
		shown = append(shown, clean)
	}
	return shown
}

// identify sets what names an object, which no value does.
func identify(clean map[string]any, o object.Object) {
	clean["apiVersion"], clean["kind"] = o.GVK.GroupVersion().String(), o.GVK.Kind
	if metadata, ok := clean["metadata"].(map[string]any); ok {
		metadata["name"] = o.Name
		if o.Namespace != "" {
			metadata["namespace"] = o.Namespace
		}
	}
}
