// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// at are pods of those names on those nodes.
func at(nodes ...string) []corev1.Pod {
	pods := make([]corev1.Pod, len(nodes))
	for i, node := range nodes {
		pods[i] = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("ztunnel-%d", i)}, Spec: corev1.PodSpec{NodeName: node}}
	}
	return pods
}

var _ = DescribeTable("A removal",
	func(pods []corev1.Pod, notReady, expected []string) {
		Expect(unreachableNodes(pods, notReady)).To(Equal(expected))
	},
	// Hardened: kubectl delete smc while a node is dead | it hung until the node was gone
	Entry("goes on without pods that are all on nodes that are not ready", at("b", "a", "b"), []string{"a", "b", "c"}, []string{"a", "b"}),
	Entry("waits for a pod on a healthy node", at("a", "healthy"), []string{"a"}, nil),
	Entry("waits for all pods where all nodes are ready", at("a"), nil, nil),
	Entry("waits for a pod that is on no node", at("a", ""), []string{"a"}, nil),
	Entry("waits for a workload that has no pods left", nil, []string{"a"}, nil),
)

var _ = Describe("Waiting for pods", func() {
	start := time.Unix(1000, 0)

	It("looks at them the first time after a while, then more and more rarely", func() {
		w := podWait{}
		var looks []time.Duration
		for now := start; now.Sub(start) < 100*time.Second; now = now.Add(time.Second) {
			if w.due("uid", start, now) {
				looks = append(looks, now.Sub(start))
				w.looked("", now)
			}
		}
		Expect(looks).To(HaveExactElements(5*time.Second, 15*time.Second, 30*time.Second, 45*time.Second, 60*time.Second, 75*time.Second, 90*time.Second))
	})

	It("begins again with the next workload, and at once with one that waits for long", func() {
		w := podWait{workload: "before", next: start.Add(time.Hour), left: ": 3 left"}
		Expect(w.due("uid", start, start.Add(time.Minute))).To(BeTrue())
		Expect(w.left).To(BeEmpty())
		Expect(w.workload).To(Equal(types.UID("uid")))
	})

	It("names some of them", func() {
		Expect(podsLeft(nil)).To(BeEmpty())
		Expect(podsLeft(at("a"))).To(Equal(": 1 of its pods are left: ztunnel-0 on node a"))
		Expect(podsLeft(at("a", "b", "c", "d", "e", "f", "g"))).To(And(HavePrefix(": 7 of its pods are left: ztunnel-0 on node a"), HaveSuffix(" and 2 more")))
	})
})

var _ = Describe("Removal", func() {
	It("goes from ztunnel to the Gateway API, and begins with what is of no known component", func() {
		var left []apply.Owned
		for _, component := range []string{v1.ComponentGatewayAPI, v1.ComponentIstiod, v1.ComponentZtunnel, "old", v1.ComponentCNI} {
			left = append(left, apply.Owned{Component: component})
		}
		Expect(removalOrder(left)).To(Equal([]string{"old", v1.ComponentZtunnel, v1.ComponentCNI, v1.ComponentIstiod, v1.ComponentGatewayAPI}))
	})
})
