// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// node is what is shown of a node.
type node struct {
	Name         string `json:"name"`
	Ready        bool   `json:"ready"`
	Unschedule   bool   `json:"unschedulable,omitempty"`
	ControlPlane bool   `json:"controlPlane,omitempty"`
	Kubelet      string `json:"kubelet"`
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Image        string `json:"image"`
	Kernel       string `json:"kernel"`
	Runtime      string `json:"runtime"`
}

func (c *collector) readNodes(ctx context.Context) {
	list, err := c.clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		c.failed("listing nodes", err)
		return
	}
	c.nodes = list.Items
}

// addNodes adds the nodes, without their addresses.
func (c *collector) addNodes() {
	if more := len(c.nodes) - MaxNodes; more > 0 {
		c.cut("nodes.yaml: %d of %d nodes", more, len(c.nodes))
	}
	nodes := make([]node, 0, min(MaxNodes, len(c.nodes)))
	for i := range c.nodes[:min(MaxNodes, len(c.nodes))] {
		n := &c.nodes[i]
		info := n.Status.NodeInfo
		nodes = append(nodes, node{
			Name: n.Name, Ready: nodeReady(n), Unschedule: n.Spec.Unschedulable, ControlPlane: controlPlane(n), Kubelet: info.KubeletVersion,
			OS: info.OperatingSystem, Architecture: info.Architecture, Image: info.OSImage, Kernel: info.KernelVersion, Runtime: info.ContainerRuntimeVersion,
		})
	}
	if c.nodes != nil {
		c.addYAML("nodes.yaml", nodes)
	}
}

func nodeReady(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}

// controlPlane reports whether a taint reserves the node for the control plane.
func controlPlane(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == "node-role.kubernetes.io/control-plane" })
}

// preflightNodes are the nodes as the operator's checks have them.
func (c *collector) preflightNodes() preflight.Facts {
	facts := preflight.Facts{}
	for i := range c.nodes {
		n := &c.nodes[i]
		facts.Nodes = append(facts.Nodes, preflight.Node{Name: n.Name, OS: n.Status.NodeInfo.OperatingSystem, ControlPlane: controlPlane(n)})
	}
	return facts
}

// versions are those of all that matters.
type versions struct {
	Command    string   `json:"command"`
	Operator   []string `json:"operator"`
	Kubernetes string   `json:"kubernetes"`
	// Istio are the versions of spec and of what runs, by mesh.
	Istio map[string]istioVersions `json:"istio"`
}

type istioVersions struct {
	Wanted string `json:"wanted"`
	Runs   string `json:"runs,omitempty"`
}

// addVersions adds the versions of the operator, Kubernetes and Istio.
func (c *collector) addVersions() {
	found := versions{Command: c.Version, Istio: map[string]istioVersions{}}
	for i := range c.operators {
		found.Operator = append(found.Operator, c.imagesOf(&c.operators[i])...)
	}
	if server, err := c.clientset.Discovery().ServerVersion(); err != nil {
		c.failed("reading the version of Kubernetes", err)
	} else {
		found.Kubernetes = server.GitVersion
	}
	for _, smc := range c.meshes {
		found.Istio[smc.Name] = istioVersions{Wanted: smc.Spec.Version, Runs: smc.Status.Version}
	}
	c.addYAML("versions.yaml", found)
}

// imagesOf are the images of a Deployment's containers.
func (c *collector) imagesOf(deployment *unstructured.Unstructured) []string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	var images []string
	for _, container := range containers {
		if fields, ok := container.(map[string]any); ok {
			if image, ok := fields["image"].(string); ok {
				images = append(images, c.scrub(image))
			}
		}
	}
	return images
}
