// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"context"
	"errors"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// runtimeKind names a kind in URLs.
type runtimeKind = schema.GroupVersionResource

// The kinds of workloads.
var (
	deployments = appsv1.SchemeGroupVersion.WithResource("deployments")
	daemonSets  = appsv1.SchemeGroupVersion.WithResource("daemonsets")
)

const (
	// operatorLabels select the operator's Deployment and its pods.
	operatorLabels = "app.kubernetes.io/name=gloo-operator"
	// defaultNamespace is the operator's namespace where its Deployment cannot be found.
	defaultNamespace = "gloo-operator"
	// operatorDirectory and logDirectory hold files.
	operatorDirectory, logDirectory = "operator", "logs"
)

// readOperator finds the operator's Deployment, and its namespace, unless that is given.
func (c *collector) readOperator(ctx context.Context) {
	found, err := c.objectsOf(ctx, deployments, c.Namespace, operatorLabels)
	if err != nil && c.Namespace == "" {
		c.Namespace = defaultNamespace
		found, err = c.objectsOf(ctx, deployments, c.Namespace, operatorLabels)
	}
	switch {
	case err != nil:
		c.failed("listing the operator's Deployments", err)
	case len(found) == 0:
		c.Errors = append(c.Errors, "there is no Deployment with the label "+operatorLabels+": --namespace names the operator's namespace")
	case c.Namespace == "":
		c.Namespace = found[0].GetNamespace()
	}
	for i := range found {
		if found[i].GetNamespace() == c.Namespace {
			c.operators = append(c.operators, found[i])
		}
	}
	if c.Namespace == "" {
		c.Namespace = defaultNamespace
	}
}

// readExtensions reads the extensions ConfigMap. It counts as absent only where the operator is.
func (c *collector) readExtensions(ctx context.Context) {
	found, err := c.clientset.CoreV1().ConfigMaps(c.Namespace).Get(ctx, v1.ExtensionsName, metav1.GetOptions{})
	switch {
	case err == nil:
		c.extensions = plan.ExtensionsOf(found)
	case !apierrors.IsNotFound(err):
		c.failed("reading ConfigMap "+v1.ExtensionsName, err)
		c.valuesUnknown = true
	case len(c.operators) == 0:
		c.failed("reading ConfigMap "+v1.ExtensionsName, errors.New("the operator's namespace is not known"))
		c.valuesUnknown = true
	}
	if c.valuesUnknown {
		c.Errors = append(c.Errors, "left out, since values that have to be removed cannot be read: plans, specs of the mesh's workloads, and logs of its pods")
	}
}

// addOperator adds the operator's Deployment, its pods, and their logs: it writes no values there.
func (c *collector) addOperator(ctx context.Context) {
	for i := range c.operators {
		c.addObjects(fileName(operatorDirectory, c.operators[i].GetName()+".yaml"), "without values of environment variables", c.operators[i].Object)
	}
	pods, err := c.podsOf(ctx, c.Namespace, operatorLabels)
	if err != nil {
		c.failed("listing the operator's pods", err)
		return
	}
	c.addPods(fileName(operatorDirectory, "pods.yaml"), pods)
	for i := range pods[:min(MaxLogPods, len(pods))] {
		c.addLogs(ctx, &pods[i])
	}
	if more := len(pods) - MaxLogPods; more > 0 {
		c.cut("logs of %d pods of the operator", more)
	}
}

// podsOf lists pods by labels, those that are not ready first.
func (c *collector) podsOf(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	list, err := c.clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: podsRead, ResourceVersion: "0"})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Pod) int {
		switch {
		case podReady(&a) == podReady(&b):
			return 0
		case podReady(&b):
			return -1
		}
		return 1
	})
	return list.Items, nil
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}
