// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/bench"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// tool is somebody who can install and upgrade a mesh.
type tool struct {
	name string
	// works does all the tool can do, on a fresh cluster.
	works func() []bench.Result
}

var tools = []tool{
	{bench.Ours, byOperator},
	{"helm", byHelm},
	{"istioctl", byIstioctl},
	{"bound", byBound},
}

// measure times a work and counts the requests of that agent until the end of it.
func measure(work, name, agent string, do func()) bench.Result {
	GinkgoHelper()
	mark, began := env.Cluster.Audit().Mark(), time.Now()
	do()
	took := time.Since(began)
	if name == bench.Ours {
		env.Settled() // Events and Helm's records count as well.
	}
	requests, err := env.Cluster.Audit().Requests(mark, cluster.FromAgent(agent),
		func(r cluster.Request) bool { return r.Resource != "leases" && r.Verb != "watch" })
	Expect(err).NotTo(HaveOccurred())
	return bench.Result{Work: work, Tool: name, Took: took, Requests: len(requests)}
}

// until waits for a phase as exactly as a poll every few milliseconds is.
func until(version string) {
	GinkgoHelper()
	Eventually(func() string {
		status := env.Mesh().Status
		return string(status.Phase) + " " + status.Version
	}).WithPolling(5 * time.Millisecond).Should(Equal("SUCCEEDED " + version))
}

func byOperator() []bench.Result {
	GinkgoHelper()
	env.StartOperator()
	env.Settled()
	return []bench.Result{
		measure("install "+before, bench.Ours, Agent, func() {
			env.Create(Sample("minimal.yaml", Version(before)))
			until(before)
		}),
		measure("upgrade to "+version, bench.Ours, Agent, func() {
			env.SetVersion(version)
			until(version)
		}),
		measure("deleted DaemonSet back", bench.Ours, Agent, func() {
			gone := env.Ztunnel()
			Expect(env.API.Delete(context.Background(), gone, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
			Eventually(func() bool {
				back := &appsv1.DaemonSet{}
				return env.API.Get(context.Background(), client.ObjectKeyFromObject(gone), back) == nil && back.UID != gone.UID
			}).WithPolling(time.Millisecond).Should(BeTrue())
		}),
	}
}

// folders are the charts in Istio's manifests.
var folders = map[string]string{
	v1.ComponentBase: "base", v1.ComponentIstiod: "istio-control/istio-discovery", v1.ComponentCNI: "istio-cni", v1.ComponentZtunnel: "ztunnel",
}

// planned is the operator's plan, whose values helm gets as well.
func planned(version string) *plan.Plan {
	GinkgoHelper()
	built, err := new(plan.Builder).Build(plan.Input{
		Owner: Name, Spec: Sample("minimal.yaml", Version(version)).Spec, Facts: plan.Facts{KubernetesVersion: "v1.37.2"},
	})
	Expect(err).NotTo(HaveOccurred())
	return built
}

func byHelm() []bench.Result {
	GinkgoHelper()
	var all []bench.Result
	for _, work := range []struct{ name, version string }{{"install " + before, before}, {"upgrade to " + version, version}} {
		var commands [][]string
		for _, component := range planned(work.version).Components[1:] {
			values := filepath.Join(GinkgoT().TempDir(), component.Name+".yaml")
			content, err := yaml.Marshal(component.Values.Values)
			Expect(err).NotTo(HaveOccurred())
			Expect(os.WriteFile(values, content, 0o600)).To(Succeed())
			commands = append(commands, []string{"upgrade", "--install", component.Name, Chart(work.version, folders[component.Name]),
				"--namespace", Namespace, "--create-namespace", "--values", values, "--wait"})
		}
		all = append(all, measure(work.name, "helm", "Helm/", func() {
			for _, command := range commands {
				env.Helm(command...)
			}
		}))
	}
	return all
}

func byIstioctl() []bench.Result {
	GinkgoHelper()
	install := func(version string) func() {
		return func() {
			env.Istioctl("install", "--skip-confirmation", "--set", "profile=ambient", "--set", "hub=docker.io/istio", "--set", "tag="+version,
				"--set", "values.pilot.replicaCount=2", "--set", "values.pilot.autoscaleEnabled=false")
		}
	}
	return []bench.Result{
		measure("install "+before, "istioctl", "istioctl", install(before)),
		measure("upgrade to "+version, "istioctl", "istioctl", install(version)),
	}
}
