// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// charts names the chart of each release, and its directory in Istio's tree.
var charts = []struct{ release, chart, directory string }{
	{v1.ComponentBase, "base", "base"},
	{v1.ComponentIstiod, "istiod", "istio-control/istio-discovery"},
	{v1.ComponentCNI, "cni", "istio-cni"},
	{v1.ComponentZtunnel, "ztunnel", "ztunnel"},
}

// asked asks the real helm command and decodes its answer.
func asked[T any](arguments ...string) T {
	GinkgoHelper()
	var answer T
	out := env.Helm(append(arguments, "--namespace", Namespace, "--output", "json")...)
	Expect(json.Unmarshal([]byte(out), &answer)).To(Succeed(), out)
	return answer
}

// listed is what helm list says of the releases: name, chart and status.
func listed() []string {
	GinkgoHelper()
	var lines []string
	for _, release := range asked[[]struct{ Name, Chart, Status string }]("list", "--all") {
		lines = append(lines, release.Name+" "+release.Chart+" "+release.Status)
	}
	return lines
}

// expectedOf is what helm list should say of a version.
func expectedOf(version string) []string {
	var lines []string
	for _, c := range charts {
		lines = append(lines, c.release+" "+c.chart+"-"+version+" deployed")
	}
	return lines
}

// chapters is what helm history says of a release: revision, chart and status.
func chapters(release string) []string {
	GinkgoHelper()
	var lines []string
	for _, chapter := range asked[[]struct {
		Revision      int
		Chart, Status string
	}]("history", release) {
		lines = append(lines, fmt.Sprint(chapter.Revision, " ", chapter.Chart, " ", chapter.Status))
	}
	return lines
}

// component is a component of the plan.
func component(built *plan.Plan, name string) plan.Component {
	return built.Components[slices.IndexFunc(built.Components, func(c plan.Component) bool { return c.Name == name })]
}

// jsonOf is a value as JSON.
func jsonOf(value any) string {
	GinkgoHelper()
	encoded, err := json.Marshal(value)
	Expect(err).NotTo(HaveOccurred())
	return string(encoded)
}

// bodies are the objects of a manifest as JSON, by name, without what the operator
// marks them with.
func bodies(documents ...string) map[string]string {
	GinkgoHelper()
	all := map[string]string{}
	for _, document := range documents {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed())
		if object.GetKind() == "" || object.GetKind() == "Namespace" { // The charts make none.
			continue
		}
		labels, annotations := object.GetLabels(), object.GetAnnotations()
		delete(labels, v1.OwnerLabel)
		delete(labels, v1.ComponentLabel)
		for _, key := range []string{v1.HelmReleaseAnnotation, v1.HelmNamespaceAnnotation, v1.HelmPolicyAnnotation} {
			delete(annotations, key)
		}
		// The operator adds it to what the chart renders, as it adds its labels.
		unstructured.RemoveNestedField(object.Object, "spec", "template", "metadata", "annotations", v1.ConfigDigestAnnotation)
		object.SetLabels(labels)
		if object.SetAnnotations(annotations); len(annotations) == 0 {
			object.SetAnnotations(nil)
		}
		all[object.GetKind()+" "+object.GetName()] = jsonOf(object.Object)
	}
	return all
}

var _ = Describe("The helm command", Ordered, func() {
	mesh := Sample("k3s-cilium.yaml", Version("1.28.2"))
	built := planOf(mesh)
	upgraded := planOf(Sample("k3s-cilium.yaml", Version("1.29.1")))

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(mesh.DeepCopy())
		env.Settled()
	})

	It("lists the releases with the versions of their charts", func() {
		Expect(listed()).To(ConsistOf(expectedOf("1.28.2")))
		Expect(env.Helm("list", "--namespace", Namespace, "--short")).To(Equal("istio-base\nistio-cni\nistiod\nztunnel\n"))
	})

	It("reports that a release is deployed", func() {
		for _, c := range charts {
			Expect(asked[struct{ Info struct{ Status string } }]("status", c.release).Info.Status).To(Equal("deployed"), c.release)
		}
	})

	It("shows the values that the charts got", func() {
		for _, c := range charts {
			Expect(jsonOf(asked[map[string]any]("get", "values", c.release))).To(MatchJSON(jsonOf(component(built, c.release).Values.Values)), c.release)
		}
	})

	It("shows the objects that were applied", func() {
		for _, c := range charts {
			var applied []string
			for _, object := range component(built, c.release).Objects {
				applied = append(applied, string(object.Body))
			}
			shown := bodies(strings.Split(env.Helm("get", "manifest", c.release, "--namespace", Namespace), "\n---\n")...)
			Expect(shown).NotTo(BeEmpty())
			for name, body := range bodies(applied...) {
				Expect(shown[name]).To(Equal(body), name)
				delete(shown, name)
			}
			Expect(shown).To(BeEmpty(), c.release)
		}
	})

	It("shows an upgrade as one", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(listed()).To(ConsistOf(expectedOf("1.29.1")))
		for _, c := range charts {
			Expect(chapters(c.release)).To(Equal([]string{"1 " + c.chart + "-1.28.2 superseded", "2 " + c.chart + "-1.29.1 deployed"}))
		}
	})

	It("does not get its way when a person upgrades with it, and shows what runs", func() {
		env.Helm("upgrade", "istiod", Chart("1.29.1", "istio-control/istio-discovery"), "--namespace", Namespace, "--reuse-values",
			"--set", "meshConfig.accessLogFile=/dev/stdout", "--set", "pilot.env.THEIRS=1", "--set", "global.networkPolicy.enabled=true")
		ours := jsonOf(component(upgraded, v1.ComponentIstiod).Values.Values)
		Eventually(func() string { return jsonOf(asked[map[string]any]("get", "values", "istiod")) }).Should(MatchJSON(ours))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(jsonpath("configmap/istio", ".data.mesh")).NotTo(ContainSubstring("accessLogFile"))
		Expect(env.Events()).To(ContainElement(And(
			HavePrefix("DriftCorrected: ConfigMap istio-system/istio: reverted .data.mesh "), ContainSubstring("changed by helm"))))
		Expect(env.Kubectl("get", "networkpolicy", "-n", Namespace, "-o", "name")).To(BeEmpty())
		Expect(env.Events()).To(ContainElement(And(ContainSubstring("that helm has added"), ContainSubstring("NetworkPolicy istio-system/istiod"))))
		Expect(listed()).To(ConsistOf(expectedOf("1.29.1")))
		Expect(slices.DeleteFunc(chapters("istiod"), func(c string) bool { return !strings.HasSuffix(c, " deployed") })).To(HaveLen(1))
	})

	It("forgets the release of a component that the mesh no longer has", func() {
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(listed).Should(ConsistOf(HavePrefix("istio-base"), HavePrefix("istiod"), HavePrefix("istio-cni")))
	})
})
