// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"context"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/bench"
)

// parallel is how many requests the bound sends at a time.
const parallel = 8

// byBound applies the objects of the plan in the operator's order and gates, with nothing
// else: no cache, no drift, no status, no records.
func byBound() []bench.Result {
	GinkgoHelper()
	var all []bench.Result
	for _, work := range []struct{ name, version string }{{"install " + before, before}, {"upgrade to " + version, version}} {
		built := planned(work.version)
		all = append(all, measure(work.name, "bound", "test", func() {
			for _, component := range built.Components {
				applyAll(component.Objects)
				for _, object := range component.Objects {
					await(object)
				}
			}
		}))
	}
	return all
}

// applyAll applies objects wave by wave.
func applyAll(objects []plan.Object) {
	GinkgoHelper()
	for begin := 0; begin < len(objects); {
		end := begin
		for end < len(objects) && objects[end].Wave == objects[begin].Wave {
			end++
		}
		applyWave(objects[begin:end])
		begin = end
	}
}

func applyWave(objects []plan.Object) {
	GinkgoHelper()
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for _, object := range objects {
		slots <- struct{}{}
		all.Go(func() {
			defer GinkgoRecover()
			defer func() { <-slots }()
			body := &unstructured.Unstructured{}
			Expect(body.UnmarshalJSON(object.Body)).To(Succeed())
			Expect(env.API.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(body), client.FieldOwner("bound"), client.ForceOwnership)).To(Succeed())
		})
	}
	all.Wait()
}

// await waits until the pods of a workload are up to date and ready.
func await(object plan.Object) {
	GinkgoHelper()
	key := client.ObjectKey{Namespace: object.Namespace, Name: object.Name}
	done := func() bool { return true }
	switch object.GVK.Kind {
	case "Deployment":
		done = func() bool {
			d := &appsv1.Deployment{}
			Expect(env.API.Get(context.Background(), key, d)).To(Succeed())
			return health.Deployment(d).Done
		}
	case "DaemonSet":
		done = func() bool {
			d := &appsv1.DaemonSet{}
			Expect(env.API.Get(context.Background(), key, d)).To(Succeed())
			return health.DaemonSet(d).Done
		}
	}
	Eventually(done).WithPolling(10 * time.Millisecond).Should(BeTrue())
}
