// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// boundAgent is the user agent of the bound, and parallel how many requests it sends at
// a time.
const (
	boundAgent = "bound"
	parallel   = 8
)

// byBound applies the objects of the plan in the operator's order and gates, with nothing
// else: no planning, no cache, no drift, no status, no records.
func byBound(version string) func() {
	GinkgoHelper()
	built, kube := planned(version), watcher(boundAgent)
	return func() {
		for _, component := range built.Components {
			applyAll(kube, component.Objects)
			for _, object := range component.Objects {
				complete(kube, object)
			}
		}
	}
}

// applyAll applies objects wave by wave.
func applyAll(kube client.Client, objects []object.Object) {
	GinkgoHelper()
	for begin := 0; begin < len(objects); {
		end := begin
		for end < len(objects) && objects[end].Wave == objects[begin].Wave {
			end++
		}
		applyWave(kube, objects[begin:end])
		begin = end
	}
}

func applyWave(kube client.Client, objects []object.Object) {
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
			Expect(kube.Apply(GinkgoT().Context(), client.ApplyConfigurationFromUnstructured(body), client.FieldOwner(boundAgent), client.ForceOwnership)).To(Succeed())
		})
	}
	all.Wait()
}

// complete waits until a CRD is served, or the pods of a workload are up to date and ready.
func complete(kube client.WithWatch, object object.Object) {
	GinkgoHelper()
	switch object.GVK.Kind {
	case "CustomResourceDefinition":
		await(kube, &apiextensionsv1.CustomResourceDefinitionList{}, "", object.Name, established)
	case "Deployment":
		await(kube, &appsv1.DeploymentList{}, object.Namespace, object.Name, func(d *appsv1.Deployment) bool {
			return health.Deployment(d, func(text string) string { return text }).Done
		})
	case "DaemonSet":
		await(kube, &appsv1.DaemonSetList{}, object.Namespace, object.Name, func(d *appsv1.DaemonSet) bool { return health.DaemonSet(d).Done })
	}
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range crd.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}

// watcher is an administrator's client that can watch, with a user agent of its own.
func watcher(agent string) client.WithWatch {
	GinkgoHelper()
	kube, err := client.NewWithWatch(env.Cluster.Config(agent), client.Options{Scheme: env.API.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	return kube
}

// await watches an object until it is as wanted: at once if it is so already.
func await[T client.Object](kube client.WithWatch, list client.ObjectList, namespace, name string, wanted func(T) bool) {
	GinkgoHelper()
	watch, err := kube.Watch(GinkgoT().Context(), list, client.InNamespace(namespace),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", name)})
	Expect(err).NotTo(HaveOccurred())
	defer watch.Stop()
	for event := range watch.ResultChan() {
		if object, ok := event.Object.(T); ok && wanted(object) {
			return
		}
	}
	Fail("the watch of " + name + " ended")
}
