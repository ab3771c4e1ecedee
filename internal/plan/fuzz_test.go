// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/harness/invalidinput"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

// FuzzBuild looks for input that the API server takes and that Build does not answer
// well. Whatever it gets, it does not panic, it ends, it takes no more memory than an
// input may, and it answers twice the same: with an error that users can read, or with
// a plan of objects of the operator's kinds and places.
func FuzzBuild(f *testing.F) {
	for _, mesh := range samples() {
		spec, err := json.Marshal(mesh.Spec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(spec), "values.istiod", "")
	}
	f.Add(`{"version":"1.27.9"}`, "values.istio-ztunnel", sampleExtension(f))
	for _, c := range slices.Concat(invalidinput.Refused(), invalidinput.Offline()) {
		seed(f, c)
	}
	seedLarge(f)
	first, second := new(plan.Builder), new(plan.Builder)
	f.Fuzz(func(t *testing.T, spec, key, extension string) {
		input, ok := admitted(spec)
		if !ok {
			return
		}
		if extension != "" {
			input.Extensions = map[string]string{key: extension}
		}
		var built *plan.Plan
		var err error
		if peak := memory.Peak(func() { built, err = first.Build(input) }); peak > memory.Limit {
			t.Fatalf("it takes %d MiB", peak>>20)
		}
		again, errAgain := second.Build(input)
		if isA[*helm.StoppedError](err) || isA[*helm.StoppedError](errAgain) {
			return // Where it was stopped depends on the machine.
		}
		if plainText(built, err) != plainText(again, errAgain) {
			t.Fatal("the same input has made two plans")
		}
		if err != nil {
			expectReadable(t, err)
			return
		}
		expectOurs(t, built, input)
	})
}

// seed adds a bad input with the version that it is meant for.
func seed(f *testing.F, c invalidinput.Case) {
	spec := map[string]any{"version": "1.29.1"}
	if c.Spec != "" {
		if err := json.Unmarshal([]byte(c.Spec), &spec); err != nil {
			f.Fatal(err)
		}
	}
	encoded, err := json.Marshal(spec)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(encoded), "values.istiod", "")
	for key, text := range c.Extensions {
		f.Add(`{"version":"1.29.1"}`, key, text)
	}
}

// seedLarge adds what stands for gibibytes, but for the fuzz engine: that ends what takes ten
// seconds, and these may in the child process.
func seedLarge(f *testing.F) {
	if flag.Lookup("test.fuzz").Value.String() != "" {
		return
	}
	manifest := withText("b\n"+aliases("  ")+"  c: d", "cni", "cniConfFileName")
	for _, input := range []plan.Input{manifest, traced("x\n" + aliases("          ")), traced(nested())} {
		f.Add(`{"version":"1.29.1","values":`+string(input.Spec.Values.Raw)+`}`, "", "")
	}
	f.Add(`{"version":"1.29.1"}`, "values.istiod", aliases(""))
}

func sampleExtension(f *testing.F) string {
	content, err := os.ReadFile("../../config/samples/extensions-config.yaml")
	if err != nil {
		f.Fatal(err)
	}
	_, document, _ := strings.Cut(string(content), "\n---\n")
	configMap := struct{ Data map[string]string }{}
	if err := yaml.Unmarshal([]byte(document), &configMap); err != nil {
		f.Fatal(err)
	}
	return configMap.Data["values.istio-ztunnel"]
}

// admitted is the input for a spec that the API server takes.
func admitted(spec string) (plan.Input, bool) {
	content := map[string]any{}
	if yaml.Unmarshal([]byte(spec), &content) != nil {
		return plan.Input{}, false
	}
	mesh, err := admission.Admit(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1.GroupVersion.String(), "kind": "ServiceMeshController",
		"metadata": map[string]any{"name": "managed-istio"}, "spec": content,
	}})
	if err != nil {
		return plan.Input{}, false
	}
	return plan.Input{Owner: mesh.Object.Name, Spec: mesh.Object.Spec}, true
}

func plainText(built *plan.Plan, err error) string {
	if err != nil {
		return err.Error()
	}
	var all strings.Builder
	for _, component := range built.Components {
		fmt.Fprintln(&all, component.Name, component.Version, component.Digest)
		for _, object := range component.Objects {
			fmt.Fprintf(&all, "%d %s %s\n", object.Wave, object.Hash, object.Body)
		}
	}
	return all.String()
}

func expectReadable(t *testing.T, err error) {
	for _, cause := range causes {
		if cause(err) {
			if len(err.Error()) > 5000 {
				t.Fatalf("nobody reads %d bytes", len(err.Error()))
			}
			return
		}
	}
	t.Fatalf("an error without a reason of its own: %v", err)
}

func expectOurs(t *testing.T, built *plan.Plan, input plan.Input) {
	kinds := map[schema.GroupVersionKind]bool{}
	for _, kind := range object.Kinds() {
		kinds[kind.GVK] = true
	}
	for _, component := range built.Components {
		for _, object := range component.Objects {
			elsewhere := object.Namespace != "" && object.Namespace != input.Spec.InstallNamespace
			if !kinds[object.GVK] || object.Name == "" || elsewhere && object.GVK.Kind != "NetworkAttachmentDefinition" {
				t.Fatalf("%s %s/%s is none of ours", object.GVK, object.Namespace, object.Name)
			}
		}
	}
}
