// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

// outside is a namespace that is not in the mesh, and ambient one that is.
const (
	outside = "outside"
	ambient = "ambient"
)

// load is what goes on while something is done to the mesh: a client asks istiod for xDS,
// one asks a server through its Service, and pods come and go.
type load struct {
	asking []*questions
	// reusing is a client that keeps its connection.
	reusing *questions
	// steady are the containers that run since before, by pod and container.
	steady map[string]string
	churn  *churn
}

// asked is what a client counted: see test/e2e/workload.
type asked struct {
	Asked, Failed, Retried int
	// Connections is how many connections were made.
	Connections int
	LastError   string
	LastFailed  *time.Time
}

// putLoad begins. The first answers are there when it returns.
func putLoad() *load {
	GinkgoHelper()
	toIstiod := asker("asks-on", func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: "workload", Image: imagebuild.Workload, ImagePullPolicy: corev1.PullNever,
			Args: []string{"ask", "-patience=5s", "http://127.0.0.1:15021/ask"},
		})
	})
	return &load{asking: []*questions{since(talking), since(within.client), since(toIstiod)}, reusing: since(within.reuser), steady: containers(), churn: startChurn()}
}

// askServer runs a server and a client that keeps asking it by its Service, from one node
// to the other, outside of the mesh.
func askServer() *corev1.Pod {
	GinkgoHelper()
	server := runPod(workload(outside, "server", nodes[0]))
	expose(server)
	return runPod(asks(workload(outside, "client", nodes[1]), "http://server.outside.svc.cluster.local"))
}

// questions are those of a client from some moment on.
type questions struct {
	client *corev1.Pod
	before asked
}

// since waits until a client gets answers: what failed before does not count.
func since(client *corev1.Pod) *questions {
	GinkgoHelper()
	q := &questions{client: client}
	Eventually(func(g Gomega) {
		last := q.before
		q.before = counted(g, client)
		g.Expect(q.before.Failed).To(Equal(last.Failed), q.before.LastError)
		g.Expect(q.before.Asked).To(BeNumerically(">", last.Asked), q.before.LastError)
	}).Should(Succeed(), client.Name)
	return q
}

// expectAnswered wants all of them answered, and that there were some. It waits for those.
func (q *questions) expectAnswered(during string) asked {
	GinkgoHelper()
	var so asked
	Eventually(func(g Gomega) {
		so = q.counted(g)
		g.Expect(so.Asked).To(BeNumerically(">", 20))
	}).Should(Succeed(), q.client.Name)
	q.report(during, so)
	Expect(so.Failed).To(BeZero(), "%s during %s: %s", q.client.Name, during, so.LastError)
	return so
}

// expectRecovery waits until there are answers again, and reports what failed until then.
func (q *questions) expectRecovery(after string) {
	GinkgoHelper()
	since(q.client)
	q.report(after, q.counted(Default))
}

// counted is what came since then. The question that is under way has its answer.
func (q *questions) counted(g Gomega) asked {
	last, now := counted(g, q.client), asked{}
	g.Eventually(func() int { now = counted(g, q.client); return now.Asked }).Should(BeNumerically(">", last.Asked))
	now.Asked -= q.before.Asked
	now.Failed -= q.before.Failed
	now.Retried -= q.before.Retried
	now.Connections -= q.before.Connections
	return now
}

// counted is what a client has counted up to now.
func counted(g Gomega, pod *corev1.Pod) asked {
	out, err := env.TryKubectl("logs", "--namespace", pod.Namespace, pod.Name, "--container=workload", "--tail=1")
	g.Expect(err).NotTo(HaveOccurred(), out)
	var so asked
	g.Expect(json.Unmarshal([]byte(out), &so)).To(Succeed(), out)
	return so
}

// containers are those of workloads that run, with what changes when one is restarted.
func containers() map[string]string {
	GinkgoHelper()
	running := map[string]string{}
	for _, namespace := range []string{outside, ambient} {
		list := &corev1.PodList{}
		Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(namespace), client.HasLabels{"app"})).To(Succeed())
		for _, pod := range list.Items {
			for _, container := range pod.Status.ContainerStatuses {
				running[pod.Namespace+"/"+pod.Name+"/"+container.Name] = container.ContainerID
			}
		}
	}
	return running
}

// churn creates pods in the mesh and outside of it, one after the other in each namespace,
// on the nodes in turn, and deletes each once it runs.
type churn struct {
	stop  context.CancelFunc
	ended sync.WaitGroup
	mu    sync.Mutex
	// ran is how many ran, by namespace; err is why the next one did not.
	ran map[string]int
	err error
}

func startChurn() *churn {
	ctx, stop := context.WithCancel(context.Background())
	c := &churn{stop: stop, ran: map[string]int{}}
	for _, namespace := range []string{outside, ambient} {
		c.ended.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := comeAndGo(ctx, namespace, fmt.Sprintf("passing-%d", i), nodes[i%len(nodes)]); !c.counted(namespace, err) {
					return
				}
			}
		})
	}
	DeferCleanup(c.end)
	return c
}

// counted counts a pod, and reports whether it ran.
func (c *churn) counted(namespace string, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.err = errors.Join(c.err, err)
		return false
	}
	c.ran[namespace]++
	return true
}

// end lets the last ones finish.
func (c *churn) end() {
	c.stop()
	c.ended.Wait()
}

// redirection is the annotation by which the CNI agent says that a pod is in the mesh:
// https://istio.io/latest/docs/reference/config/annotations/#AmbientRedirection.
const redirection = "ambient.istio.io/redirection"

// comeAndGo lets a pod run and go, even if the context ends meanwhile. One of the mesh is
// not there until it is taken in, and asks another one from its first moment on.
func comeAndGo(ctx context.Context, namespace, name, node string) error {
	ctx = context.WithoutCancel(ctx)
	pod := workload(namespace, name, node)
	pod.Labels = nil
	if namespace == ambient {
		asks(pod, backend)
	}
	if err := env.API.Create(ctx, pod); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		err := env.API.Get(ctx, client.ObjectKeyFromObject(pod), pod)
		return pod.Status.Phase == corev1.PodRunning && (namespace == outside || pod.Annotations[redirection] == "enabled"), err
	})
	if err != nil {
		return fmt.Errorf("%s/%s on %s is %s, with annotations %v: %w", namespace, name, node, pod.Status.Phase, pod.Annotations, err)
	}
	chain, err := chainOf(node)
	if err != nil {
		return err
	}
	if !slices.Contains(chain, "istio-cni") {
		return fmt.Errorf("the CNI chain of %s is %v", node, chain)
	}
	if namespace == ambient {
		if err := answered(ctx, pod); err != nil {
			return err
		}
	}
	return env.API.Delete(ctx, pod, client.GracePeriodSeconds(0))
}

// answered fails if one of the first questions of a pod does.
func answered(ctx context.Context, pod *corev1.Pod) error {
	var so asked
	var out string
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		out, _ = env.TryKubectl("logs", "--namespace", pod.Namespace, pod.Name, "--tail=1") // It is asked again.
		return json.Unmarshal([]byte(out), &so) == nil && so.Asked > 5, nil
	})
	if err == nil && so.Failed > 0 {
		err = errors.New("a request failed")
	}
	if err != nil {
		return fmt.Errorf("%s asked: %w: %s", pod.Name, err, out)
	}
	return nil
}

// refusedSandboxes are what the kubelets said of pods of a namespace whose network could
// not be made, or not yet.
func refusedSandboxes(namespace string) []string {
	GinkgoHelper()
	list := &corev1.EventList{}
	Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(namespace))).To(Succeed())
	var messages []string
	for _, event := range list.Items {
		if event.Reason == "FailedCreatePodSandBox" || event.Reason == "NetworkNotReady" {
			messages = append(messages, event.InvolvedObject.Name+": "+strings.TrimSpace(event.Message))
		}
	}
	return messages
}

// wanting is how a kubelet says that it has no CNI plugin. While a node's CNI agent is
// replaced, its plugin is there, and has the kubelet try again.
const wanting = `failed to find plugin|plugin not initialized|no network config`

// expectUndisturbed ends the load and looks at what came of it.
func (l *load) expectUndisturbed() {
	GinkgoHelper()
	l.churn.end()
	Expect(l.churn.err).NotTo(HaveOccurred())
	AddReportEntry("pods that came and went", l.churn.ran)
	for _, namespace := range []string{outside, ambient} {
		Expect(l.churn.ran).To(HaveKeyWithValue(namespace, BeNumerically(">=", len(nodes))))
		refused := refusedSandboxes(namespace)
		AddReportEntry("networks that were made at another attempt, "+namespace, refused)
		Expect(refused).NotTo(ContainElement(MatchRegexp(wanting)))
	}
	for _, q := range l.asking {
		q.expectAnswered("upgrade")
	}
	l.reusing.expectAnswered("upgrade")
	Expect(containers()).To(Equal(l.steady), "no workload was restarted")
}
