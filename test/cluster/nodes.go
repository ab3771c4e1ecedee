// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// simulatedNode is the annotation by which kwok knows its nodes.
const simulatedNode = "kwok.x-k8s.io/node"

// AddNodes adds count nodes, node-1, node-2 and so on, never using a name again, and returns
// their names when all are Ready.
func (c *Cluster) AddNodes(ctx context.Context, count int) ([]string, error) {
	if count > 0 && !c.state.Simulates {
		return nil, errors.New("adding nodes: this cluster was started without simulated nodes")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	names := make([]string, count)
	problems := make([]error, count)
	first, err := c.reserveNodes(count)
	if err != nil {
		return nil, err
	}
	var all sync.WaitGroup
	for i := range names {
		node := c.node(first + i)
		names[i] = node.Name
		all.Go(func() {
			_, problems[i] = client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		})
	}
	all.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("adding nodes: %w", err)
	}
	return names, waitSchedulable(ctx, client, names)
}

func (c *Cluster) reserveNodes(count int) (first int, err error) {
	err = c.update(func(s *state) {
		first = s.LastNode + 1
		s.LastNode += count
	})
	return first, err
}

// RemoveNodes deletes nodes and the pods on them, as when a machine is gone for good.
func (c *Cluster) RemoveNodes(ctx context.Context, names ...string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	now := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
	for _, name := range names {
		if err := client.CoreV1().Nodes().Delete(ctx, name, now); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("removing node %s: %w", name, err)
		}
		pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + name})
		if err != nil {
			return fmt.Errorf("removing the pods of node %s: %w", name, err)
		}
		for _, pod := range pods.Items {
			err := client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, now)
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("removing the pods of node %s: %w", name, err)
			}
		}
	}
	return nil
}

// node is number i of the cluster, with a pod network of its own.
func (c *Cluster) node(i int) *corev1.Node {
	name := fmt.Sprintf("node-%d", i)
	labels := map[string]string{
		corev1.LabelOSStable:   "linux",
		corev1.LabelArchStable: runtime.GOARCH,
		corev1.LabelHostname:   name,
	}
	maps.Copy(labels, c.state.NodeLabels)
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("1000"),
	}
	network := fmt.Sprintf("10.%d.%d.0/24", 128+i/256%128, i%256)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: map[string]string{simulatedNode: "fake"}},
		Spec:       corev1.NodeSpec{PodCIDR: network, PodCIDRs: []string{network}},
		Status: corev1.NodeStatus{
			Capacity: resources, Allocatable: resources,
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: c.state.KubeletVersion, OperatingSystem: "linux", Architecture: runtime.GOARCH,
				OSImage: "simulated", ContainerRuntimeVersion: "simulated://0", KernelVersion: "6.1.0",
			},
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("192.168.%d.%d", i/250%250, 1+i%250)},
				{Type: corev1.NodeHostName, Address: name},
			},
		},
	}
}

// waitSchedulable waits until the nodes are Ready and the taints of new nodes are gone.
func waitSchedulable(ctx context.Context, client *kubernetes.Clientset, names []string) error {
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return false, nil
		}
		for _, node := range nodes.Items {
			if missing[node.Name] && schedulable(node) {
				delete(missing, node.Name)
			}
		}
		return len(missing) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d nodes did not become Ready: %w", len(missing), len(names), err)
	}
	return nil
}

func schedulable(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return len(node.Spec.Taints) == 0
		}
	}
	return false
}
