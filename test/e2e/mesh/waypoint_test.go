// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// upstreamEnvoy are values for istiod to configure the Envoy of the test's image, which lacks
// the filters that Istio adds to its own: docs/end-to-end-images.md.
const upstreamEnvoy = `"pilot":{"env":{"PILOT_ENABLE_METADATA_EXCHANGE":"false"}},"telemetry":{"enabled":false}`

// waypoint is the name of the Gateway, and of what istiod creates for it.
const waypoint = "waypoint"

// viaWaypoint has a Service go through it: https://istio.io/latest/docs/ambient/usage/waypoint/.
const viaWaypoint = "istio.io/use-waypoint"

// throughWaypoint are specs of requests to the server in the mesh that go through a waypoint.
func throughWaypoint() {
	var deleter *corev1.Pod

	BeforeAll(func() {
		create(withoutIstiosFilters())
		create(waypointGateway())
		deleter = runPod(asks(as("client", workload(ambient, "deleter", nodes[0])), "-every=500ms", "-method=DELETE", backend))
		since(deleter)
	})

	AfterAll(func() {
		Expect(env.API.Delete(GinkgoT().Context(), deleter, client.GracePeriodSeconds(0))).To(Succeed())
	})

	It("has one that is ready", func() {
		Eventually(waypointPods).Should(ConsistOf(ready(before)))
	})

	// istiod configures ztunnel and the waypoint at the same moment, so one may be ahead.
	It("leads new connections to a Service through it", func() {
		talk, reuser := since(within.client), since(within.reuser)
		env.Kubectl("label", "service", "--namespace", ambient, "backend", viaWaypoint+"="+waypoint)
		Eventually(accessLog).WithArguments(nodes[0]).Should(ContainElement(
			connection("src.identity", identityOf("client"), "dst.identity", identityOf(waypoint), "direction", "outbound")))
		talk.expectFewFailed("a Service joining a waypoint")
		reuser.expectAnswered("a Service joining a waypoint")
		since(within.client).expectAnswered("through a waypoint")
	})

	It("answers 403 to a method that a policy denies, and to no other", func() {
		talk := since(within.client)
		deny := ambientObject("security.istio.io/v1", "AuthorizationPolicy", map[string]any{
			"action": "DENY", "targetRefs": []any{waypointReference()},
			"rules": []any{map[string]any{"to": []any{map[string]any{"operation": map[string]any{"methods": []any{"DELETE"}}}}}},
		})
		create(deny)
		expectRefused(deleter)
		Expect(counted(Default, deleter).LastError).To(HaveSuffix("answers 403 Forbidden: RBAC: access denied"))
		talk.expectAnswered("a policy of a waypoint against another method")
		remove(deny)
		since(deleter)
	})

	// A waypoint shares its connections among requests, so ztunnel logs them only when they end.
	It("leads them directly again when the Service leaves it, which has proven its identity to the server", func() {
		talk := since(within.client)
		env.Kubectl("label", "service", "--namespace", ambient, "backend", viaWaypoint+"-")
		Eventually(lastConnections).WithArguments("client", nodes[0], 20).Should(
			HaveEach(connection("dst.identity", identityOf("backend"), "direction", "outbound")))
		talk.expectFewFailed("a Service leaving a waypoint")
		Eventually(accessLog).WithArguments(nodes[1]).Should(ContainElement(
			connection("src.identity", identityOf(waypoint), "dst.identity", identityOf("backend"), "direction", "inbound")))
		since(within.client).expectAnswered("after a waypoint")
	})
}

// upgradedWaypoint is a spec of what istiod does when it has been upgraded. At its end there is no
// waypoint any more.
func upgradedWaypoint() {
	Eventually(waypointPods).Should(ConsistOf(ready(after)))
	remove(waypointGateway())
	remove(withoutIstiosFilters())
	Eventually(waypointPods).Should(BeEmpty())
}

// waypointGateway is as istioctl waypoint apply creates it.
func waypointGateway() *unstructured.Unstructured {
	return named(waypoint, ambientObject("gateway.networking.k8s.io/v1", "Gateway", map[string]any{
		"gatewayClassName": "istio-waypoint",
		"listeners":        []any{map[string]any{"name": "mesh", "port": int64(15008), "protocol": "HBONE"}},
	}))
}

// withoutIstiosFilters has istiod leave out of the waypoint what only Istio's own Envoy has.
func withoutIstiosFilters() *unstructured.Unstructured {
	var patches []any
	for _, filter := range []string{"waypoint_downstream_peer_metadata", "waypoint_upstream_peer_metadata"} {
		patches = append(patches, map[string]any{
			"applyTo": "HTTP_FILTER", "patch": map[string]any{"operation": "REMOVE"},
			"match": map[string]any{"listener": map[string]any{"filterChain": map[string]any{"filter": map[string]any{
				"name": "envoy.filters.network.http_connection_manager", "subFilter": map[string]any{"name": filter},
			}}}},
		})
	}
	return named("upstream-envoy", ambientObject("networking.istio.io/v1alpha3", "EnvoyFilter", map[string]any{
		"targetRefs": []any{waypointReference()}, "configPatches": patches,
	}))
}

func waypointReference() map[string]any {
	return map[string]any{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": waypoint}
}

func named(name string, object *unstructured.Unstructured) *unstructured.Unstructured {
	object.SetName(name)
	return object
}

// waypointPods are those that istiod's Deployment has.
func waypointPods() []corev1.Pod {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(ambient),
		client.MatchingLabels{"gateway.networking.k8s.io/gateway-name": waypoint})).To(Succeed())
	return list.Items
}

// ready is a pod of that version of Istio that takes requests.
func ready(version string) types.GomegaMatcher {
	return WithTransform(func(pod corev1.Pod) string {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				return Images(corev1.PodTemplateSpec{Spec: pod.Spec})
			}
		}
		return pod.Name + " is not ready"
	}, ContainSubstring("proxyv2:"+version))
}

// lastConnections are the last ones that ztunnel on a node has logged of a client.
func lastConnections(account, node string, number int) ([]string, error) {
	lines, err := accessLog(node)
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return !strings.Contains(line, fmt.Sprintf(`src.identity=%q`, identityOf(account)))
	})
	return lines[max(0, len(lines)-number):], err
}
