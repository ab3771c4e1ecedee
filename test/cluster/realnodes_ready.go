// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster/node"
)

// readyNodes makes the real nodes ready for pods that use these images and cluster DNS.
func (c *Cluster) readyNodes(ctx context.Context, images []string) error {
	if c.state.RealNodes == 0 {
		return nil
	}
	if err := c.LoadImages(ctx, append([]string{c.pauseImage()}, images...)...); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := c.publishDNS(ctx, client); err != nil {
		return fmt.Errorf("publishing cluster DNS: %w", err)
	}
	var names []string
	for _, n := range c.nodes() {
		names = append(names, n.Name())
	}
	if err := waitSchedulable(ctx, client, names); err != nil {
		return err
	}
	for _, n := range c.nodes() {
		network := fmt.Appendf(nil, `{"spec":{"podCIDR":%q,"podCIDRs":[%q]}}`, n.PodNetwork(), n.PodNetwork())
		if _, err := client.CoreV1().Nodes().Patch(ctx, n.Name(), types.MergePatchType, network, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("adding %s to the pod network: %w", n.Name(), err)
		}
	}
	return nil
}

// publishDNS makes the Service whose only endpoint is CoreDNS on the first node.
func (c *Cluster) publishDNS(ctx context.Context, client *kubernetes.Clientset) error {
	const namespace, name, port = metav1.NamespaceSystem, "kube-dns", int32(53)
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"k8s-app": name}},
		Spec:       corev1.ServiceSpec{ClusterIP: node.DNS},
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{c.nodes()[0].IP()}}},
	}
	for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
		name := map[corev1.Protocol]string{corev1.ProtocolUDP: "dns", corev1.ProtocolTCP: "dns-tcp"}[protocol]
		service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: name, Protocol: protocol, Port: port})
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &name, Protocol: &protocol, Port: new(port)})
	}
	_, err := client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{})
	_, second := client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, slice, metav1.CreateOptions{})
	return errors.Join(err, second)
}
