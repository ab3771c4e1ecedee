// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	watchtools "k8s.io/client-go/tools/watch"

	"k8s.io/apimachinery/pkg/util/version"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// skewGuard follows the pods of a mesh, event by event, and notes each moment at which
// versions run together that must not: the data plane newer than the control plane, or
// more than one minor version older.
type skewGuard struct {
	watch   watch.Interface
	all     sync.WaitGroup
	pods    map[string]meshPod
	illegal []string
}

// meshPod is a pod of the mesh that is not on its way out.
type meshPod struct {
	control bool
	version *version.Version
}

// watchSkew begins to follow the pods.
func watchSkew(e *Env) *skewGuard {
	GinkgoHelper()
	pods := kubernetes.NewForConfigOrDie(e.Cluster.Config("skew-guard")).CoreV1().Pods(Namespace)
	list, err := pods.List(context.Background(), metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	g := &skewGuard{pods: map[string]meshPod{}}
	g.watch, err = watchtools.NewRetryWatcherWithContext(context.Background(), list.ResourceVersion, watcher{pods})
	Expect(err).NotTo(HaveOccurred())
	for i := range list.Items {
		g.see(watch.Added, &list.Items[i])
	}
	g.all.Go(func() {
		for event := range g.watch.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				g.see(event.Type, pod)
			}
		}
	})
	return g
}

// stop ends it and lists what was illegal.
func (g *skewGuard) stop() []string {
	g.watch.Stop()
	g.all.Wait()
	return g.illegal
}

func (g *skewGuard) see(kind watch.EventType, pod *corev1.Pod) {
	app := pod.Labels["app"]
	if app == "" {
		app = pod.Labels["k8s-app"]
	}
	if !slices.Contains([]string{"istiod", "istio-cni-node", "ztunnel"}, app) {
		return
	}
	delete(g.pods, pod.Name)
	if kind != watch.Deleted && pod.DeletionTimestamp == nil {
		image := pod.Spec.Containers[0].Image
		g.pods[pod.Name] = meshPod{control: app == "istiod", version: version.MustParseGeneric(image[strings.LastIndex(image, ":")+1:])}
	}
	g.judge()
}

// judge compares every pod of the data plane with every one of the control plane.
func (g *skewGuard) judge() {
	for name, data := range g.pods {
		for other, control := range g.pods {
			if data.control || !control.control {
				continue
			}
			if control.version.LessThan(data.version) || control.version.Minor() > data.version.Minor()+1 {
				g.illegal = append(g.illegal, fmt.Sprintf("%s of %s beside %s of %s", name, data.version, other, control.version))
			}
		}
	}
}

// watcher watches pods from where a watch ended.
type watcher struct {
	pods interface {
		Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	}
}

func (w watcher) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return w.pods.Watch(ctx, options)
}
