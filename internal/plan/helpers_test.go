// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

type tree = map[string]any

// samples are the manifests that users start from, by file name.
func samples() map[string]v1.ServiceMeshController {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprintf("no samples: %v", err))
	}
	found := map[string]v1.ServiceMeshController{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		document, _, _ := strings.Cut(string(content), "\n---\n")
		type strict v1.ServiceMeshController // Without its lenient UnmarshalJSON.
		mesh := strict{}
		if err := yaml.UnmarshalStrict([]byte(document), &mesh); err != nil {
			panic(err)
		}
		found[filepath.Base(file)] = v1.ServiceMeshController(mesh)
	}
	return found
}

// option changes a spec.
type option func(*v1.ServiceMeshControllerSpec)

// withValues sets spec.values from YAML.
func withValues(text string) option {
	return func(spec *v1.ServiceMeshControllerSpec) {
		raw, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			panic(err)
		}
		spec.Values = &apiextensionsv1.JSON{Raw: raw}
	}
}

func ofVersion(version string) option {
	return func(spec *v1.ServiceMeshControllerSpec) { spec.Version = version }
}

// inputOf is a small mesh with those changes.
func inputOf(options ...option) plan.Input {
	input := plan.Input{Owner: "managed-istio", Spec: v1.ServiceMeshControllerSpec{Version: "1.29.1"}}
	for _, change := range options {
		change(&input.Spec)
	}
	return input
}

// shared keeps loaded charts from one spec to the next.
var shared plan.Builder

// build builds with the shared builder.
func build(input plan.Input) *plan.Plan {
	GinkgoHelper()
	return buildWith(&shared, input)
}

// buildAnew builds with a builder of its own.
func buildAnew(input plan.Input) *plan.Plan {
	GinkgoHelper()
	return buildWith(new(plan.Builder), input)
}

func buildWith(builder *plan.Builder, input plan.Input) *plan.Plan {
	GinkgoHelper()
	built, err := builder.Build(input)
	Expect(err).NotTo(HaveOccurred())
	return built
}

func componentOf(built *plan.Plan, name string) plan.Component {
	GinkgoHelper()
	i := slices.IndexFunc(built.Components, func(c plan.Component) bool { return c.Name == name })
	Expect(i).To(BeNumerically(">=", 0), "the plan has no component %s", name)
	return built.Components[i]
}

// body is the JSON of the plan's object of that kind and name.
func body(built *plan.Plan, kind, name string) []byte {
	GinkgoHelper()
	for _, component := range built.Components {
		for _, object := range component.Objects {
			if object.GVK.Kind == kind && object.Name == name {
				return object.Body
			}
		}
	}
	Fail(fmt.Sprintf("the plan has no %s %s", kind, name))
	return nil
}

// objectAs decodes the plan's object of that kind and name.
func objectAs[T any](built *plan.Plan, kind, name string) T {
	GinkgoHelper()
	var object T
	Expect(json.Unmarshal(body(built, kind, name), &object)).To(Succeed())
	return object
}

func istiodOf(built *plan.Plan) appsv1.Deployment {
	GinkgoHelper()
	return objectAs[appsv1.Deployment](built, "Deployment", "istiod")
}

func meshConfigOf(built *plan.Plan) tree {
	GinkgoHelper()
	config := tree{}
	Expect(yaml.Unmarshal([]byte(objectAs[corev1.ConfigMap](built, "ConfigMap", "istio").Data["mesh"]), &config)).To(Succeed())
	return config
}

// images lists the images of all containers of the plan's workloads.
func images(built *plan.Plan) []string {
	GinkgoHelper()
	var found []string
	for _, component := range built.Components {
		for _, object := range component.Objects {
			if object.GVK.Kind != "Deployment" && object.GVK.Kind != "DaemonSet" {
				continue
			}
			workload := appsv1.Deployment{} // A DaemonSet's template stands at the same place.
			Expect(json.Unmarshal(object.Body, &workload)).To(Succeed())
			for _, container := range workload.Spec.Template.Spec.Containers {
				found = append(found, container.Image)
			}
		}
	}
	return found
}

// env is the environment of a pod's first container.
func env(template corev1.PodTemplateSpec) map[string]string {
	variables := map[string]string{}
	for _, variable := range template.Spec.Containers[0].Env {
		variables[variable.Name] = variable.Value
	}
	return variables
}

// text is all that a plan says, for comparing two.
func text(built *plan.Plan) string {
	GinkgoHelper()
	var all strings.Builder
	for _, component := range built.Components {
		fmt.Fprintf(&all, "%s %s %s %v\n", component.Name, component.Version, component.Digest, component.Values)
		for _, object := range component.Objects {
			fmt.Fprintf(&all, "%d %s\n%s\n", object.Wave, object.Hash, object.Body)
		}
		if component.Rendered != nil && component.Name != v1.ComponentBase { // That one's text is made again from the request.
			manifest, err := component.Rendered.Manifest()
			Expect(err).NotTo(HaveOccurred())
			all.WriteString(manifest)
		}
	}
	fmt.Fprintln(&all, built.Notices)
	return all.String()
}

// shuffled encodes a value with the keys of its sections in random order.
func shuffled(random *rand.Rand, value any) []byte {
	switch value := value.(type) {
	case tree:
		keys := slices.Sorted(maps.Keys(value))
		random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		members := make([][]byte, len(keys))
		for i, key := range keys {
			members[i] = fmt.Appendf(nil, "%q:%s", key, shuffled(random, value[key]))
		}
		return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}"))
	default:
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		return encoded
	}
}
