// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// addWorkloads adds the workloads of a mesh, their pods, and the logs of those that are not ready.
func (c *collector) addWorkloads(ctx context.Context, smc *v1.ServiceMeshController) {
	namespace, logs := installNamespace(smc), 0
	for _, kind := range []runtimeKind{deployments, daemonSets} {
		found, err := c.objectsOf(ctx, kind, namespace, v1.OwnerLabel+"="+smc.Name)
		if err != nil {
			c.failed("listing "+kind.Resource+" in "+namespace, err)
			continue
		}
		for i := range found {
			logs = c.addWorkload(ctx, &found[i], logs)
		}
	}
	if logs > MaxLogPods {
		c.cut("logs of %d pods of %s that are not ready", logs-MaxLogPods, smc.Name)
	}
}

// addWorkload adds a workload, and returns how many pods that are not ready there are so far.
func (c *collector) addWorkload(ctx context.Context, workload *unstructured.Unstructured, logs int) int {
	prefix := fileName("workloads", strings.ToLower(workload.GetKind())+"-"+workload.GetName())
	selector, err := selectorOf(workload)
	if c.valuesUnknown {
		unstructured.RemoveNestedField(workload.Object, "spec")
	}
	c.addObjects(prefix+".yaml", "without values of environment variables", workload.Object)
	if err != nil {
		c.failed("reading the selector of "+workload.GetName(), err)
		return logs
	}
	pods, err := c.podsOf(ctx, workload.GetNamespace(), selector)
	if err != nil {
		c.failed("listing the pods of "+workload.GetName(), err)
		return logs
	}
	c.addPods(prefix+"-pods.yaml", pods)
	for i := range pods {
		if podReady(&pods[i]) {
			break // The others are ready too.
		}
		if logs++; logs <= MaxLogPods && !c.valuesUnknown {
			c.addLogs(ctx, &pods[i])
		}
	}
	return logs
}

func selectorOf(workload *unstructured.Unstructured) (string, error) {
	content, _, err := unstructured.NestedMap(workload.Object, "spec", "selector")
	if err != nil {
		return "", err
	}
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, selector); err != nil {
		return "", err
	}
	return metav1.FormatLabelSelector(selector), nil
}

// podSummary is what is shown of a pod.
type podSummary struct {
	Namespace string       `json:"namespace"`
	Name      string       `json:"name"`
	Node      string       `json:"node,omitempty"`
	Created   metav1.Time  `json:"created"`
	Deleted   *metav1.Time `json:"deleted,omitempty"`
	Ready     bool         `json:"ready"`
	Status    any          `json:"status"`
}

// addPods adds what is known of pods: their status without addresses.
func (c *collector) addPods(name string, pods []corev1.Pod) {
	if more := len(pods) - MaxPods; more > 0 {
		c.cut("%s: %d of %d pods", name, more, len(pods))
	}
	summaries := make([]podSummary, 0, MaxPods)
	for i := range pods[:min(MaxPods, len(pods))] {
		pod := &pods[i]
		status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&pod.Status)
		if err != nil {
			c.failed("reading the status of pod "+pod.Name, err)
		}
		summaries = append(summaries, podSummary{
			Namespace: pod.Namespace, Name: pod.Name, Node: pod.Spec.NodeName, Created: pod.CreationTimestamp, Deleted: pod.DeletionTimestamp,
			Ready: podReady(pod), Status: c.tree(status, "status"),
		})
	}
	c.addYAML(name, summaries)
}
