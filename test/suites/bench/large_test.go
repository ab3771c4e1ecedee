// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// besides is how many pods there are on each node of the large cluster besides the two
// of the mesh.
const besides = 3

var _ = Describe("In a large cluster the operator", func() {
	if *large == 0 {
		return
	}

	It("at rest, and through a rollout", func(ctx SpecContext) {
		env = New(ctx, withNodes(*large))
		crowd()
		env.AuthorizeProbes(ctx)
		operator := run("--probe-namespace="+plan.ProbeNamespace, "--probe-image=example.com/probe")
		byOperator(version)()
		largeMemory.add(rest(operator))
		rollout()
		probe(operator)
	})
})

// crowd fills the nodes with pods that are not the mesh's.
func crowd() {
	GinkgoHelper()
	for i := range besides {
		labels := map[string]string{"app": fmt.Sprintf("besides-%d", i)}
		d := &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: labels["app"]},
			Spec: appsv1.DaemonSetSpec{
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app"}}},
				},
			},
		}
		Expect(env.API.Create(GinkgoT().Context(), d)).To(Succeed())
		await(watcher("test"), &appsv1.DaemonSetList{}, d.Namespace, d.Name, func(d *appsv1.DaemonSet) bool { return health.DaemonSet(d).Done })
	}
}

// rollout lets all pods of ztunnel be replaced, and counts what the operator asks for
// in that time.
func rollout() {
	GinkgoHelper()
	mark, began := env.Settled(), time.Now()
	env.Patch(`{"spec":{"values":{"ztunnel":{"logLevel":"debug"}}}}`)
	patched := env.Mesh().Generation
	await(watcher("test"), &v1.ServiceMeshControllerList{}, "", Name, func(smc *v1.ServiceMeshController) bool {
		return smc.Status.ObservedGeneration == patched && smc.Status.Phase == v1.PhaseSucceeded
	})
	took := time.Since(began)
	requests := env.Requests(mark)
	count := func(keep cluster.Filter) float64 {
		return float64(len(slices.DeleteFunc(slices.Clone(requests), func(r cluster.Request) bool { return !keep(r) })))
	}
	rolloutTook.add(took.Seconds())
	statusWrites.add(count(func(r cluster.Request) bool { return r.Subresource == "status" }) / took.Seconds())
	nodeLists.add(count(func(r cluster.Request) bool {
		return r.Verb == "list" && (r.Resource == "nodes" || r.Resource == "pods")
	}))
}

// probed waits until as many nodes are as the condition wants.
func probed(is func(v1.TrafficNodes) bool) {
	GinkgoHelper()
	await(watcher("test"), &v1.ServiceMeshControllerList{}, "", Name, func(smc *v1.ServiceMeshController) bool {
		return smc.Status.Traffic != nil && is(smc.Status.Traffic.Nodes)
	})
}

// probe runs probes on all nodes, and counts what the operator asks for while they start, while
// they are ready, and while some are not.
func probe(operator *process) {
	GinkgoHelper()
	const notProven, watched = 50, 30 * time.Second
	mark, began := env.Settled(), time.Now()
	env.Patch(`{"spec":{"probe":{"enabled":true,"interval":"10s","timeout":"1s"}}}`)
	probed(func(nodes v1.TrafficNodes) bool { return int(nodes.Proven) == *large })
	probesWrites.add(float64(len(env.Requests(mark, func(r cluster.Request) bool { return r.Subresource == "status" }))) / time.Since(began).Seconds())
	mark = env.Settled()
	Consistently(operator.running, watched, time.Second).Should(BeTrue())
	probesQuiet.add(float64(len(env.Requests(mark))))
	var broken []string
	for i := range notProven {
		broken = append(broken, fmt.Sprintf("node-%d", i+1))
	}
	release := env.Hold(cluster.Behavior{Namespace: plan.ProbeNamespace, Nodes: broken, Mode: cluster.Unready})
	probed(func(nodes v1.TrafficNodes) bool { return nodes.Failing == notProven })
	mark = env.Cluster.Audit().Mark()
	Consistently(operator.running, watched, time.Second).Should(BeTrue())
	probesFailing.add(float64(len(env.Requests(mark))) / watched.Seconds())
	probesMemory.add(operator.resident())
	release()
	probed(func(nodes v1.TrafficNodes) bool { return int(nodes.Proven) == *large })
}
