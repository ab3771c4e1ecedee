// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"maps"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fluxStates are what Flux makes of each status by the health check in our example.
var fluxStates = map[string]string{
	"new":                    "InProgress",
	"not read":               "InProgress",
	"installing":             "InProgress",
	"complete":               "Current",
	"spec changed":           "InProgress",
	"upgrading":              "InProgress",
	"upgrade failed":         "Failed",
	"rolling back":           "InProgress",
	"rolled back":            "Failed",
	"degraded":               "InProgress",
	"contested":              "InProgress",
	"invalid":                "Failed",
	"aborted":                "Failed",
	"waiting for approval":   "InProgress",
	"paused":                 "Current",
	"paused before a change": "InProgress",
	"paused while degraded":  "InProgress",
	"held":                   "InProgress",
	"held during an upgrade": "InProgress",
	"uninstalling":           "InProgress",
	"uninstalling is held":   "InProgress",
}

// kstatusStates are those of kstatus, which Flux uses without a health check.
func kstatusStates() map[string]string {
	states := maps.Clone(fluxStates)
	states["new"] = "Current" // No condition: kstatus takes it for one without conditions.
	states["uninstalling"], states["uninstalling is held"] = "Terminating", "Terminating"
	return states
}

var _ = Describe("kstatus", func() {
	It("waits for a complete mesh, ends when a person has to act, and does not know a resource without a status", func() {
		expectEach(kstatusStates(), func(object *unstructured.Unstructured) string {
			result, err := status.Compute(object)
			Expect(err).NotTo(HaveOccurred())
			return result.Status.String()
		})
	})
})

var _ = Describe("The health check for Flux", func() {
	It("waits for a complete mesh, and ends when a person has to act", func() {
		expectEach(fluxStates, fluxCheck().statusOf)
	})
})

// healthCheck is an entry of spec.healthCheckExprs of a Kustomization.
type healthCheck struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
	Current    string `json:"current"`
}

// fluxCheck is the health check in the example of a Kustomization.
func fluxCheck() healthCheck {
	GinkgoHelper()
	content, err := os.ReadFile("../../config/flux/mesh.yaml")
	Expect(err).NotTo(HaveOccurred())
	var kustomization struct {
		Spec struct {
			Wait             bool          `json:"wait"`
			HealthCheckExprs []healthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	Expect(yaml.Unmarshal(content, &kustomization)).To(Succeed())
	Expect(kustomization.Spec.Wait).To(BeTrue(), "Flux evaluates the expressions only then")
	Expect(kustomization.Spec.HealthCheckExprs).To(HaveLen(1))
	check := kustomization.Spec.HealthCheckExprs[0]
	Expect(check.APIVersion + "/" + check.Kind).To(Equal("operator.gloo.solo.io/v1/ServiceMeshController"))
	return check
}

// statusOf evaluates the expressions in Flux's order: the generation, inProgress, failed, current
// (https://github.com/fluxcd/flux2/tree/main/rfcs/0009-custom-health-checks).
func (c healthCheck) statusOf(object *unstructured.Unstructured) string {
	GinkgoHelper()
	observed, found, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	Expect(err).NotTo(HaveOccurred())
	switch {
	case found && observed != object.GetGeneration(), holds(c.InProgress, object):
		return "InProgress"
	case holds(c.Failed, object):
		return "Failed"
	case holds(c.Current, object):
		return "Current"
	default:
		return "InProgress"
	}
}

// holds evaluates an expression as Flux does, without types. An object without the field is an
// error, on which Flux waits.
func holds(expression string, object *unstructured.Unstructured) bool {
	GinkgoHelper()
	if expression == "" {
		return false
	}
	environment, err := cel.NewEnv(cel.OptionalTypes())
	Expect(err).NotTo(HaveOccurred())
	parsed, issues := environment.Parse(expression)
	Expect(issues.Err()).NotTo(HaveOccurred())
	program, err := environment.Program(parsed)
	Expect(err).NotTo(HaveOccurred())
	value, _, err := program.Eval(object.Object)
	if err != nil {
		Expect(err).To(MatchError(MatchRegexp("no such (attribute|key)")))
		return false
	}
	Expect(value.Type()).To(Equal(types.BoolType))
	return value == types.True
}
