// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// HealthCheck is what the first users type to see how the mesh is, to the letter.
const HealthCheck = `kubectl get servicemeshcontroller managed-istio -o jsonpath='{.status.phase}' && echo " | Pods:" && kubectl get pods -n istio-system --no-headers | awk '{print $1 ": " $2 " " $3}' | sort && echo "| CNI Status:" && kubectl get daemonset -n istio-system istio-cni-node -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}' && echo " | Ztunnel Status:" && kubectl get daemonset -n istio-system ztunnel -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}'`

// Option changes a resource before it is created.
type Option func(*v1.ServiceMeshController)

// Version sets spec.version.
func Version(version string) Option {
	return func(smc *v1.ServiceMeshController) { smc.Spec.Version = version }
}

// Named sets the name.
func Named(name string) Option { return func(smc *v1.ServiceMeshController) { smc.Name = name } }

// Values sets spec.values, given as JSON.
func Values(text string) Option {
	return func(smc *v1.ServiceMeshController) { smc.Spec.Values = &apiextensionsv1.JSON{Raw: []byte(text)} }
}

// OnConflict sets spec.onConflict.
func OnConflict(answer v1.OnConflict) Option {
	return func(smc *v1.ServiceMeshController) { smc.Spec.OnConflict = answer }
}

// minimal is the sample of most specs, and minimalVersion the version that they are written
// for: there is a newer one to upgrade to, and an older one to come from. The sample itself
// has the newest.
const (
	minimal        = "minimal.yaml"
	minimalVersion = "1.29.1"
)

// Sample reads a ServiceMeshController of config/samples. That of minimal.yaml gets
// minimalVersion.
func Sample(name string, options ...Option) *v1.ServiceMeshController {
	GinkgoHelper()
	if name == minimal {
		options = append([]Option{Version(minimalVersion)}, options...)
	}
	return SampleAsItIs(name, options...)
}

// SampleAsItIs reads a ServiceMeshController of config/samples.
func SampleAsItIs(name string, options ...Option) *v1.ServiceMeshController {
	GinkgoHelper()
	content, err := os.ReadFile(Repository("config/samples/" + name))
	Expect(err).NotTo(HaveOccurred())
	smc := &v1.ServiceMeshController{}
	Expect(yaml.Unmarshal([]byte(strings.Split(string(content), "\n---")[0]), smc)).To(Succeed())
	smc.Namespace = ""
	for _, o := range options {
		o(smc)
	}
	return smc
}

// Create creates a resource.
func (e *Env) Create(smc *v1.ServiceMeshController) {
	GinkgoHelper()
	Expect(e.API.Create(context.Background(), smc)).To(Succeed())
}

// Install creates a resource and waits until its mesh is complete.
func (e *Env) Install(smc *v1.ServiceMeshController) {
	GinkgoHelper()
	e.Create(smc)
	e.EventuallyPhase(v1.PhaseSucceeded, smc.Name)
}

// SetVersion changes spec.version as users do.
func (e *Env) SetVersion(version string) {
	GinkgoHelper()
	e.Patch(fmt.Sprintf(`{"spec":{"version":%q}}`, version))
}

// Patch merges a patch into the resource as users do.
func (e *Env) Patch(patch string) {
	GinkgoHelper()
	e.Kubectl("patch", "smc", Name, "--type", "merge", "-p", patch)
}

// Mesh reads a resource: Name, unless another is named.
func (e *Env) Mesh(name ...string) *v1.ServiceMeshController {
	GinkgoHelper()
	smc := &v1.ServiceMeshController{}
	Expect(e.API.Get(context.Background(), client.ObjectKey{Name: append(name, Name)[0]}, smc)).To(Succeed())
	return smc
}

// EventuallyPhase waits until a resource's present generation is in that phase.
func (e *Env) EventuallyPhase(phase v1.Phase, name ...string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		smc := &v1.ServiceMeshController{}
		g.Expect(e.API.Get(context.Background(), client.ObjectKey{Name: append(name, Name)[0]}, smc)).To(Succeed())
		g.Expect(smc.Status.Phase).To(Equal(phase), smc.Status.Message)
		g.Expect(smc.Status.ObservedGeneration).To(Equal(smc.Generation))
	}).Should(Succeed())
}

// Condition reads a condition of the resource.
func (e *Env) Condition(kind string) metav1.Condition {
	GinkgoHelper()
	found := meta.FindStatusCondition(e.Mesh().Status.Conditions, kind)
	Expect(found).NotTo(BeNil())
	return *found
}

// Component reads a component of the status; zero where there is none.
func (e *Env) Component(name string) v1.ComponentStatus {
	GinkgoHelper()
	for _, c := range e.Mesh().Status.Components {
		if c.Name == name {
			return c
		}
	}
	return v1.ComponentStatus{}
}

// Bypass is what the status says of pods that may bypass the mesh; zero where it says nothing.
func (e *Env) Bypass() v1.BypassStatus {
	GinkgoHelper()
	if b := e.Mesh().Status.Bypass; b != nil {
		return *b
	}
	return v1.BypassStatus{}
}

// Suspects are the pods that the status says may bypass the mesh, each with the reason.
func (e *Env) Suspects() map[string]string {
	GinkgoHelper()
	found := map[string]string{}
	for _, pod := range e.Bypass().Pods {
		found[pod.Namespace+"/"+pod.Name] = pod.Reason
	}
	return found
}

// Get reads an object of the install namespace, or a cluster-scoped one, into
// object.
func Get[T client.Object](e *Env, object T, name string) T {
	GinkgoHelper()
	Expect(e.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: name}, object)).To(Succeed())
	return object
}

// Ztunnel reads ztunnel's DaemonSet.
func (e *Env) Ztunnel() *appsv1.DaemonSet {
	GinkgoHelper()
	return Get(e, &appsv1.DaemonSet{}, "ztunnel")
}

// CNINode reads istio-cni's DaemonSet.
func (e *Env) CNINode() *appsv1.DaemonSet {
	GinkgoHelper()
	return Get(e, &appsv1.DaemonSet{}, "istio-cni-node")
}

// ReadyPods is the number of ready pods of a DaemonSet; none where it is not there or
// on its way out, as it may be while a test waits for it.
func (e *Env) ReadyPods(name string) int32 {
	daemonSet := &appsv1.DaemonSet{}
	err := e.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: name}, daemonSet)
	if err != nil || daemonSet.DeletionTimestamp != nil {
		return 0
	}
	return daemonSet.Status.NumberReady
}

// Istiod reads istiod's Deployment.
func (e *Env) Istiod() *appsv1.Deployment {
	GinkgoHelper()
	return Get(e, &appsv1.Deployment{}, "istiod")
}

// Images lists the images of a pod template.
func Images(template corev1.PodTemplateSpec) string {
	images := make([]string, len(template.Spec.Containers))
	for i, container := range template.Spec.Containers {
		images[i] = container.Image
	}
	return strings.Join(images, " ")
}

// Events lists the events about ServiceMeshControllers, as "Reason: note".
func (e *Env) Events() []string {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(e.API.List(context.Background(), list)).To(Succeed())
	var events []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "ServiceMeshController" {
			events = append(events, event.Reason+": "+event.Note)
		}
	}
	return events
}

// Hold makes pods of a namespace, by default the install namespace, behave otherwise until the returned
// function is called or the node that called ends.
func (e *Env) Hold(behavior cluster.Behavior) (release func()) {
	GinkgoHelper()
	behavior.Namespace = cmp.Or(behavior.Namespace, Namespace)
	undo, err := e.Cluster.Simulate(context.Background(), behavior)
	Expect(err).NotTo(HaveOccurred())
	done := false
	release = func() {
		if !done {
			done = true
			Expect(undo(context.Background())).To(Succeed())
		}
	}
	DeferCleanup(release)
	return release
}

// VersionsOfOwned lists the resource versions of all that the operator owns.
func (e *Env) VersionsOfOwned() string {
	GinkgoHelper()
	kinds := "crd,namespace,deployment,daemonset,service,configmap,serviceaccount,clusterrole,clusterrolebinding," +
		"role,rolebinding,pdb,hpa,validatingwebhookconfiguration,mutatingwebhookconfiguration"
	return e.Kubectl("get", kinds, "-A", "-l", v1.OwnerLabel, "--no-headers",
		"-o", "custom-columns=KIND:.kind,NAME:.metadata.name,VERSION:.metadata.resourceVersion")
}
