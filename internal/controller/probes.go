// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/probe"
)

const (
	// probesAsked is how many probes that are not ready are asked for their results.
	probesAsked = v1.MaxFailingNodes
	// probesAtOnce is how many of them are asked at a time.
	probesAtOnce = 5
	// probesTimeout is how long the list of the probes may take.
	probesTimeout = 30 * time.Second
)

// probeAsker finds out in the background why probes are not ready. Its requests are bounded: in
// an interval one list, and one request to each of the first twenty probes.
type probeAsker struct {
	// ctx ends what is under way when the operator ends.
	ctx       context.Context
	clientset kubernetes.Interface
	// changed starts an attempt once there are results.
	changed func()

	mu      sync.Mutex
	asking  bool
	owner   types.UID
	last    time.Time
	results probeResults
}

// probeQuestion is which probes are asked, and how.
type probeQuestion struct {
	owner             types.UID
	namespace         string
	interval, timeout time.Duration
}

// probeResults are what the probes have answered.
type probeResults struct {
	// failing are the nodes whose traffic is not proven, sorted by name. Probes that were not
	// asked are among them, with the reason Unknown.
	failing []v1.FailingNode
	// fresh: the results have not been returned before.
	fresh bool
}

// ask returns the last results, and begins to ask again if an interval has passed. Next is when
// to ask again.
func (p *probeAsker) ask(question probeQuestion, now time.Time) (results probeResults, next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owner != question.owner {
		p.owner, p.last, p.results = question.owner, time.Time{}, probeResults{}
	}
	if !p.asking && now.Sub(p.last) >= question.interval {
		p.asking, p.last = true, now
		go p.run(question)
	}
	results = p.results
	p.results.fresh = false
	return results, p.last.Add(question.interval)
}

// forget drops the results, since all probes are ready.
func (p *probeAsker) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results = probeResults{}
}

func (p *probeAsker) run(question probeQuestion) {
	failing, err := p.failing(question)
	p.mu.Lock()
	p.asking = false
	if err == nil && p.owner == question.owner { // Otherwise what was known stays.
		p.results = probeResults{failing: failing, fresh: true}
	}
	p.mu.Unlock()
	p.changed()
}

// failing asks the first probes that are not ready.
func (p *probeAsker) failing(question probeQuestion) ([]v1.FailingNode, error) {
	ctx, cancel := context.WithTimeout(p.ctx, probesTimeout)
	defer cancel()
	pods, err := p.clientset.CoreV1().Pods(question.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: plan.ProbeSelector, Limit: podListLimit, ResourceVersion: "0",
	})
	if err != nil {
		return nil, fmt.Errorf("listing the probes: %w", err)
	}
	notReady := probesNotReady(pods.Items)
	found := make([]*v1.FailingNode, len(notReady))
	group := errgroup.Group{}
	group.SetLimit(probesAtOnce)
	for i, pod := range notReady {
		if i >= probesAsked {
			found[i] = &v1.FailingNode{Node: pod.Spec.NodeName, Reason: v1.TrafficUnknown}
			continue
		}
		group.Go(func() error {
			found[i] = askProbe(ctx, pod, question.timeout)
			return nil
		})
	}
	_ = group.Wait()
	return failingNodes(found), nil
}

// probesNotReady are the probes that run and are not ready, sorted by node.
func probesNotReady(pods []corev1.Pod) []corev1.Pod {
	found := slices.DeleteFunc(pods, func(pod corev1.Pod) bool {
		running := pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" && len(pod.Status.ContainerStatuses) > 0 &&
			pod.Status.ContainerStatuses[0].State.Running != nil
		return !running || pod.DeletionTimestamp != nil || health.PodReady(&pod)
	})
	slices.SortFunc(found, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Spec.NodeName, b.Spec.NodeName), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// askProbe returns why the traffic of a node is not proven. Nil: its probe has no result yet, or
// is about to be ready.
func askProbe(ctx context.Context, pod corev1.Pod, timeout time.Duration) *v1.FailingNode {
	node := &v1.FailingNode{Node: pod.Spec.NodeName}
	result, err := resultOf(ctx, pod, timeout)
	switch {
	case err == nil && result.State != probe.Failing:
		return nil
	case err == nil && result.Reason == probe.Unrecognized:
		node.Reason, node.Message = v1.TrafficUnknown, result.Message
	case err == nil:
		node.Reason, node.Message = string(result.Reason), result.Message
	case errors.Is(err, probe.ErrRefused):
		node.Reason = v1.TrafficZtunnelDown
		node.Message = fmt.Sprintf("connections to the probe %s are refused, so ztunnel does not run on the node: look at the pod of ztunnel there", pod.Name)
	default:
		node.Reason = v1.TrafficUnknown
		node.Message = fmt.Sprintf("the operator cannot ask the probe: look at kubectl logs -n %s %s", pod.Namespace, pod.Name)
	}
	return node
}

func resultOf(ctx context.Context, pod corev1.Pod, timeout time.Duration) (probe.Result, error) {
	address, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return probe.Result{}, err
	}
	return probe.NewClient(timeout).Ask(ctx, netip.AddrPortFrom(address, probe.DefaultPorts.Status))
}

// failingNodes are the nodes with a reason, each once: the first of its probes counts.
func failingNodes(found []*v1.FailingNode) []v1.FailingNode {
	var nodes []v1.FailingNode
	for _, node := range found {
		if node != nil && (len(nodes) == 0 || nodes[len(nodes)-1].Node != node.Node) {
			nodes = append(nodes, *node)
		}
	}
	return nodes
}
