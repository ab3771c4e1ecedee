// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// operatorAgent is the operator's user agent in the audit log.
const operatorAgent = "gloo-operator"

// quiet is how long a cluster is watched for requests that should not come.
const quiet = 30 * time.Second

// operator is an operator that runs in this process.
type operator struct {
	cancel context.CancelFunc
	done   chan error
}

// startOperator runs an operator until stop or the end of the node that called.
func startOperator() *operator {
	o := launchOperator()
	DeferCleanup(o.stop)
	return o
}

// launchOperator runs an operator until stop.
func launchOperator() *operator {
	ctx, cancel := context.WithCancel(context.Background())
	o := &operator{cancel: cancel, done: make(chan error, 1)}
	go func() {
		defer GinkgoRecover()
		o.done <- controller.Run(ctx, controller.Options{
			Config: kube.Config(operatorAgent), Log: logr.Discard(), MetricsAddress: "0", ProbeAddress: "0", Concurrent: true,
		})
	}()
	return o
}

func (o *operator) stop() {
	o.cancel()
	Eventually(o.done).Should(Or(Receive(BeNil()), BeClosed()))
	select {
	case <-o.done:
	default:
		close(o.done)
	}
}

// option changes a resource before it is created.
type option func(*v1.ServiceMeshController)

func version(version string) option {
	return func(smc *v1.ServiceMeshController) { smc.Spec.Version = version }
}

func named(name string) option { return func(smc *v1.ServiceMeshController) { smc.Name = name } }

func values(text string) option {
	return func(smc *v1.ServiceMeshController) {
		smc.Spec.Values = &apiextensionsv1.JSON{Raw: []byte(text)}
	}
}

// sample reads a ServiceMeshController of config/samples.
func sample(name string, options ...option) *v1.ServiceMeshController {
	content, err := os.ReadFile(repository("config/samples/" + name))
	Expect(err).NotTo(HaveOccurred())
	smc := &v1.ServiceMeshController{}
	Expect(yaml.Unmarshal([]byte(strings.Split(string(content), "\n---")[0]), smc)).To(Succeed())
	smc.Namespace = ""
	for _, o := range options {
		o(smc)
	}
	return smc
}

// repository is the path of a file of the repository.
func repository(path string) string { return filepath.Join("..", "..", path) }

// kubectl runs the real command and returns what it printed.
func kubectl(arguments ...string) string {
	GinkgoHelper()
	out, err := tryKubectl(arguments...)
	Expect(err).NotTo(HaveOccurred(), out)
	return out
}

func tryKubectl(arguments ...string) (string, error) {
	command := exec.Command(kube.Binary("kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kube.Kubeconfig())
	out, err := command.CombinedOutput()
	return string(out), err
}

// shell runs a line as a person types it, with kubectl on the PATH.
func shell(line string) string {
	GinkgoHelper()
	command := exec.Command("bash", "-c", line)
	command.Env = append(os.Environ(), "KUBECONFIG="+kube.Kubeconfig(), "PATH="+filepath.Dir(kube.Binary("kubectl"))+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

// mesh reads a resource.
func mesh(name ...string) *v1.ServiceMeshController {
	GinkgoHelper()
	smc := &v1.ServiceMeshController{}
	Expect(api.Get(background(), client.ObjectKey{Name: append(name, meshName)[0]}, smc)).To(Succeed())
	return smc
}

// create creates a resource.
func create(smc *v1.ServiceMeshController) {
	GinkgoHelper()
	Expect(api.Create(background(), smc)).To(Succeed())
}

// setVersion changes spec.version as users do.
func setVersion(version string) {
	GinkgoHelper()
	kubectl("patch", "smc", meshName, "--type", "merge", "-p", fmt.Sprintf(`{"spec":{"version":%q}}`, version))
}

// eventuallyPhase waits until a resource's present generation is in that phase.
func eventuallyPhase(phase v1.Phase, name ...string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		smc := mesh(name...)
		g.Expect(smc.Status.Phase).To(Equal(phase), smc.Status.Message)
		g.Expect(smc.Status.ObservedGeneration).To(Equal(smc.Generation))
	}).Should(Succeed())
}

func condition(kind string) *metav1.Condition {
	GinkgoHelper()
	found := meta.FindStatusCondition(mesh().Status.Conditions, kind)
	Expect(found).NotTo(BeNil())
	return found
}

// component reads a component of the status.
func component(name string) v1.ComponentStatus {
	GinkgoHelper()
	for _, c := range mesh().Status.Components {
		if c.Name == name {
			return c
		}
	}
	return v1.ComponentStatus{}
}

// get reads an object of the install namespace.
func get[T client.Object](object T, name string) T {
	GinkgoHelper()
	Expect(api.Get(background(), client.ObjectKey{Namespace: namespace, Name: name}, object)).To(Succeed())
	return object
}

func ztunnel() *appsv1.DaemonSet { return get(&appsv1.DaemonSet{}, "ztunnel") }

func cniNode() *appsv1.DaemonSet { return get(&appsv1.DaemonSet{}, "istio-cni-node") }

func istiod() *appsv1.Deployment { return get(&appsv1.Deployment{}, "istiod") }

// requestsSince lists the operator's requests, leases excepted.
func requestsSince(mark cluster.Mark, filters ...cluster.Filter) []cluster.Request {
	GinkgoHelper()
	filters = append(filters, cluster.FromAgent(operatorAgent), func(r cluster.Request) bool { return r.Resource != "leases" && r.Verb != "watch" })
	requests, err := kube.Audit().Requests(mark, filters...)
	Expect(err).NotTo(HaveOccurred())
	return requests
}

// settled waits until the operator has sent nothing for two seconds: status, events
// and Helm releases are written.
func settled() cluster.Mark {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		mark := kube.Audit().Mark()
		g.Consistently(func() []cluster.Request { return requestsSince(mark) }, 2*time.Second, 200*time.Millisecond).Should(BeEmpty())
	}).Should(Succeed())
	return kube.Audit().Mark()
}

// expectQuiet watches the operator send nothing for that long.
func expectQuiet(since cluster.Mark, during time.Duration) {
	GinkgoHelper()
	Consistently(func() []cluster.Request { return requestsSince(since) }, during, time.Second).Should(BeEmpty())
}

// events lists the reasons and notes of the events about a resource.
func events() []string {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(api.List(background(), list)).To(Succeed())
	var told []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "ServiceMeshController" {
			told = append(told, event.Reason+": "+event.Note)
		}
	}
	return told
}

// hold keeps the pods of that label and image from turning ready until the returned
// function is called.
func hold(behavior cluster.Behavior) (release func()) {
	GinkgoHelper()
	behavior.Namespace = namespace
	undo, err := kube.Simulate(background(), behavior)
	Expect(err).NotTo(HaveOccurred())
	done := false
	release = func() {
		if !done {
			done = true
			Expect(undo(background())).To(Succeed())
		}
	}
	DeferCleanup(release)
	return release
}
