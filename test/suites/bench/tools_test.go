// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/suites/bench"
)

// tool is somebody who can make a mesh of a version, where there is none or one of
// another version.
type tool struct {
	name string
	// agent is the beginning of the user agent.
	agent string
	// prepare is done once on a cluster, and is not measured. May be nil.
	prepare func()
	// making gets ready without being measured, and returns what is.
	making func(version string) func()
}

var tools = []tool{
	{name: bench.Ours, agent: Agent, prepare: func() { run() }, making: byOperator},
	{name: "helm", agent: "Helm/", making: byHelm},
	{name: "istioctl", agent: "istioctl", making: byIstioctl},
	{name: "bound", agent: boundAgent, making: byBound},
}

// measure times a work and counts the requests of the tool until the end of it.
func measure(work string, t tool, version string) {
	GinkgoHelper()
	do := t.making(version)
	mark, began := env.Cluster.Audit().Mark(), time.Now()
	do()
	took := time.Since(began)
	if t.name == bench.Ours {
		env.Settled() // Events and Helm's records count as well.
	}
	requests, err := env.Cluster.Audit().Requests(mark, cluster.FromAgent(t.agent),
		func(r cluster.Request) bool { return r.Resource != "leases" && r.Verb != "watch" })
	Expect(err).NotTo(HaveOccurred())
	results = append(results, bench.Result{Work: work, Tool: t.name, Took: took, Requests: len(requests)})
}

// byOperator creates the resource, or changes its version, and waits for SUCCEEDED.
func byOperator(version string) func() {
	GinkgoHelper()
	kube := watcher("test")
	return func() {
		smc := Sample("minimal.yaml", Version(version))
		present := &v1.ServiceMeshControllerList{}
		Expect(kube.List(GinkgoT().Context(), present)).To(Succeed())
		if len(present.Items) == 0 {
			env.Create(smc)
		} else {
			smc.ResourceVersion = present.Items[0].ResourceVersion
			Expect(kube.Update(GinkgoT().Context(), smc)).To(Succeed())
		}
		await(kube, &v1.ServiceMeshControllerList{}, "", smc.Name, func(smc *v1.ServiceMeshController) bool {
			return smc.Status.Phase == v1.PhaseSucceeded && smc.Status.Version == version
		})
	}
}

// directories are the charts in Istio's manifests.
var directories = map[string]string{
	v1.ComponentBase: "base", v1.ComponentIstiod: "istio-control/istio-discovery", v1.ComponentCNI: "istio-cni", v1.ComponentZtunnel: "ztunnel",
}

// planned is the operator's plan, whose values the others get as well.
func planned(version string) *plan.Plan {
	GinkgoHelper()
	built, err := new(plan.Builder).Build(plan.Input{
		Owner: Name, Spec: Sample("minimal.yaml", Version(version)).Spec, Facts: plan.Facts{KubernetesVersion: "v1.37.2"},
	})
	Expect(err).NotTo(HaveOccurred())
	return built
}

// byHelm upgrades the four charts in order, each with the values of the plan.
func byHelm(version string) func() {
	GinkgoHelper()
	var commands [][]string
	for _, component := range planned(version).Components[1:] {
		commands = append(commands, []string{"upgrade", "--install", component.Name, Chart(version, directories[component.Name]),
			"--namespace", Namespace, "--create-namespace", "--values", file(component.Values.Values), "--wait"})
	}
	return func() {
		for _, command := range commands {
			env.Helm(command...)
		}
	}
}

// byIstioctl installs by the release's own charts, with the values that istiod has in
// the plan: no other component has any besides.
func byIstioctl(version string) func() {
	GinkgoHelper()
	release, err := istio.Find(version)
	Expect(err).NotTo(HaveOccurred())
	manifests := filepath.Join(GinkgoT().TempDir(), "manifests")
	Expect(os.CopyFS(manifests, release.Charts)).To(Succeed())
	wanted := file(map[string]any{
		"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator",
		"spec": map[string]any{
			"profile": "ambient", "hub": release.Hub, "tag": version,
			"values": planned(version).Components[2].Values.Values,
		},
	})
	return func() {
		env.Istioctl("install", "--skip-confirmation", "--manifests", manifests, "--filename", wanted)
	}
}

// file writes YAML to a file of the spec's.
func file(content any) string {
	GinkgoHelper()
	text, err := yaml.Marshal(content)
	Expect(err).NotTo(HaveOccurred())
	name := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	Expect(os.WriteFile(name, text, 0o600)).To(Succeed())
	return name
}
