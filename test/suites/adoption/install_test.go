// SPDX-License-Identifier: Apache-2.0

package adoption_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// charts are the four charts in the order in which they are installed.
var charts = []struct{ component, directory string }{
	{v1.ComponentBase, "base"}, {v1.ComponentIstiod, "istio-control/istio-discovery"},
	{v1.ComponentCNI, "istio-cni"}, {v1.ComponentZtunnel, "ztunnel"},
}

// extra is a variable that the other installation has and the operator's plan has
// not: it must go away.
const extra = "LEFT_OVER"

// byHelm installs the four charts as the plan would, with the names that rename
// makes of the releases, one variable more for istiod, and those settings.
func byHelm(version string, rename func(string) string, settings ...string) {
	GinkgoHelper()
	for _, component := range planned(version).Components[1:] {
		i := slices.IndexFunc(charts, func(c struct{ component, directory string }) bool { return c.component == component.Name })
		values := filepath.Join(GinkgoT().TempDir(), "values.yaml")
		content, err := yaml.Marshal(component.Values.Values)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(values, content, 0o600)).To(Succeed())
		arguments := []string{
			"install", rename(component.Name), Chart(version, charts[i].directory), "--namespace", Namespace, "--create-namespace", "--values", values,
		}
		if component.Name == v1.ComponentIstiod {
			arguments = append(arguments, "--set", "pilot.env."+extra+"=1")
			arguments = append(arguments, settings...)
		}
		env.Helm(arguments...)
	}
}

// planned is the operator's plan for the smallest resource of that version.
func planned(version string) *plan.Plan {
	GinkgoHelper()
	built, err := (&plan.Builder{}).Build(plan.Input{
		Owner: Name, Spec: Sample("minimal.yaml", Version(version)).Spec, Facts: plan.Facts{KubernetesVersion: "v1.37.2"},
	})
	Expect(err).NotTo(HaveOccurred())
	return built
}

// byKubectl applies the plan's objects as raw manifests, without the operator's
// marks, and with one variable more for istiod.
func byKubectl(version string) {
	GinkgoHelper()
	var manifests bytes.Buffer
	for _, component := range planned(version).Components {
		for _, object := range component.Objects {
			if object.GVK.Kind == "Namespace" {
				continue // The operator's chart has made it.
			}
			manifests.WriteString("---\n")
			manifests.Write(unmarked(object))
			manifests.WriteString("\n")
		}
	}
	file := filepath.Join(GinkgoT().TempDir(), "istio.yaml")
	Expect(os.WriteFile(file, manifests.Bytes(), 0o600)).To(Succeed())
	env.Kubectl("create", "-f", file)
}

func unmarked(object object.Object) []byte {
	GinkgoHelper()
	var content map[string]any
	Expect(json.Unmarshal(object.Body, &content)).To(Succeed())
	metadata := content["metadata"].(map[string]any)
	for _, section := range []string{"labels", "annotations"} {
		marks, _ := metadata[section].(map[string]any)
		for key := range marks {
			if strings.HasPrefix(key, v1.GroupVersion.Group) || strings.HasPrefix(key, "meta.helm.sh/") {
				delete(marks, key)
			}
		}
	}
	if object.GVK.Kind == "Deployment" {
		container := content["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
		container["env"] = append(container["env"].([]any), map[string]any{"name": extra, "value": "1"})
	}
	encoded, err := json.Marshal(content)
	Expect(err).NotTo(HaveOccurred())
	return encoded
}

// byIstioctl installs the ambient profile.
func byIstioctl(version string) {
	GinkgoHelper()
	env.Istioctl("install", "--skip-confirmation", "--set", "profile=ambient",
		"--set", "hub=docker.io/istio", "--set", "tag="+version, "--set", "values.pilot.env."+extra+"=1")
}

// nodePods are the uids of the pods of ztunnel: another uid is another pod.
func nodePods() string {
	GinkgoHelper()
	return env.Kubectl("get", "pods", "-n", Namespace, "-l", "app.kubernetes.io/name=ztunnel",
		"--sort-by", "metadata.uid", "-o", "jsonpath={.items[*].metadata.uid}")
}

// releases names the Helm releases in the install namespace.
func releases() []string {
	GinkgoHelper()
	return strings.Fields(env.Helm("list", "--namespace", Namespace, "--short"))
}
