// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

const (
	// attempts is how many attempts with nothing to do are measured.
	attempts = 200
	// between is the time from one of them to the next: long enough for each to end.
	between = 10 * time.Millisecond
)

// drift measures how fast the operator undoes what others do.
func drift() {
	GinkgoHelper()
	kube := watcher("test")
	for range *samples {
		gone := env.Ztunnel()
		undo(deletedBack, deletedWrites, func() {
			Expect(env.API.Delete(GinkgoT().Context(), gone, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
			await(kube, &appsv1.DaemonSetList{}, Namespace, gone.Name, func(d *appsv1.DaemonSet) bool { return d.UID != gone.UID })
		})
		right := env.Ztunnel()
		undo(changedBack, changedWrites, func() {
			patch := `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"example.com/other"}]`
			wrong := right.DeepCopy()
			Expect(env.API.Patch(GinkgoT().Context(), wrong, client.RawPatch(types.JSONPatchType, []byte(patch)))).To(Succeed())
			await(kube, &appsv1.DaemonSetList{}, Namespace, right.Name, func(d *appsv1.DaemonSet) bool {
				return d.Generation > wrong.Generation && Images(d.Spec.Template) == Images(right.Spec.Template)
			})
		})
	}
}

// undo measures one drift and its correction.
func undo(took, writes *figure, drift func()) {
	GinkgoHelper()
	mark, began := env.Settled(), time.Now()
	drift()
	took.add(float64(time.Since(began).Microseconds()) / 1000)
	env.EventuallyPhase(v1.PhaseSucceeded)
	env.Settled()
	writes.add(float64(len(env.MeshWrites(mark))))
}

var _ = Describe("The operator", func() {
	if *rounds == 0 {
		return
	}

	It("at rest", func(ctx SpecContext) {
		env = New(ctx, withNodes(*nodes))
		operator := run()
		env.Install(Sample("minimal.yaml", Version(version)))
		memory.add(rest(operator))
		idle(operator)
		for range *samples {
			operator.stop()
			operator = run()
			firstAttempt.add(operator.first().Seconds())
		}
	})
})

// rest watches the operator do nothing, and tells its memory.
func rest(operator *process) float64 {
	GinkgoHelper()
	mark := env.Settled()
	Consistently(operator.running, *quiet, time.Second).Should(BeTrue())
	quietRequests.add(float64(len(env.Requests(mark))))
	leases, err := env.Cluster.Audit().Requests(mark, cluster.FromAgent(Agent), func(r cluster.Request) bool { return r.Resource == "leases" })
	Expect(err).NotTo(HaveOccurred())
	renewals.add(float64(len(leases)))
	return operator.resident()
}

// idle lets the operator look at the mesh again and again, by an annotation that says
// nothing to it.
func idle(operator *process) {
	GinkgoHelper()
	mark, busy := env.Settled(), operator.busy()
	smc := env.Mesh()
	ticker := time.NewTicker(between)
	defer ticker.Stop()
	for i := range attempts {
		<-ticker.C
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"example.com/touched":"%d"}}}`, i)
		Expect(env.API.Patch(GinkgoT().Context(), smc, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
	}
	env.Settled()
	idleRequests.add(float64(len(env.Requests(mark))) / attempts)
	idleProcessor.add((operator.busy() - busy).Seconds() * 1000 / attempts)
}
