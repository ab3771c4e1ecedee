// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

var _ = Describe("The traffic of nodes", func() {
	failing := func(count int) []v1.FailingNode {
		var nodes []v1.FailingNode
		for i := range count {
			nodes = append(nodes, v1.FailingNode{Node: fmt.Sprintf("node-%02d", i), Reason: v1.TrafficNoRoute, Message: "no answer"})
		}
		return nodes
	}

	DescribeTable("is counted", func(nodes, proven, found int, want v1.TrafficNodes, text string) {
		traffic := Traffic(ProbeCounts{Nodes: int32(nodes), Proven: int32(proven)}, failing(found))
		Expect(traffic.Nodes).To(Equal(want))
		Expect(traffic.Proven).To(Equal(text))
		Expect(traffic.Failing).To(HaveLen(min(int(want.Failing), v1.MaxFailingNodes)))
	},
		Entry("before there is a probe", 0, 0, 0, v1.TrafficNodes{}, "0/0"),
		Entry("while probes start", 3, 1, 0, v1.TrafficNodes{Proven: 1, Unknown: 2}, "1/3"),
		Entry("where one fails", 3, 1, 1, v1.TrafficNodes{Proven: 1, Failing: 1, Unknown: 1}, "1/3"),
		Entry("where all is proven", 3, 3, 0, v1.TrafficNodes{Proven: 3}, "3/3"),
		Entry("where one has become ready since it was found to fail", 3, 3, 1, v1.TrafficNodes{Proven: 3}, "3/3"),
		Entry("while a node leaves", 2, 3, 0, v1.TrafficNodes{Proven: 2}, "2/2"),
		Entry("where many fail", 100, 70, 30, v1.TrafficNodes{Proven: 70, Failing: 30}, "70/100"),
	)

	It("is not known while the probes cannot be applied", func() {
		Expect(trafficProven(Traffic(ProbeCounts{Nodes: 1, Proven: 1}, nil), &Blocker{Reason: v1.ReasonApplyFailed, Message: "forbidden"})).To(
			Equal(conditionState{metav1.ConditionUnknown, v1.ReasonApplyFailed, "the probes cannot be applied: forbidden"}))
	})

	DescribeTable("is a condition", func(traffic *v1.TrafficStatus, met metav1.ConditionStatus, reason, message string) {
		Expect(trafficProven(traffic, nil)).To(Equal(conditionState{met, reason, message}))
	},
		Entry("before anything is known", nil, metav1.ConditionUnknown, v1.ReasonTrafficUnknown, "the probes have not been installed yet"),
		Entry("without nodes", Traffic(ProbeCounts{}, nil), metav1.ConditionUnknown, v1.ReasonTrafficUnknown, "no node has a probe yet"),
		Entry("while probes start", Traffic(ProbeCounts{Nodes: 3, Proven: 1}, nil), metav1.ConditionUnknown, v1.ReasonTrafficUnknown,
			"the probes of 2 of 3 nodes do not run or have no result yet: see kubectl get pods -A -l app.kubernetes.io/name=gloo-operator-probe"),
		Entry("where nodes fail", Traffic(ProbeCounts{Nodes: 3, Proven: 1}, failing(2)), metav1.ConditionFalse, v1.ReasonTrafficNotProven,
			"the traffic of 2 of 3 nodes is not proven (node-00, node-01): node-00: NoRoute: no answer"),
		Entry("where all is proven", Traffic(ProbeCounts{Nodes: 3, Proven: 3}, nil), metav1.ConditionTrue, v1.ReasonTrafficProven,
			"the traffic of all 3 nodes goes through the mesh"),
		Entry("on one node", Traffic(ProbeCounts{Nodes: 1, Proven: 1}, nil), metav1.ConditionTrue, v1.ReasonTrafficProven,
			"the traffic of 1 node goes through the mesh"),
	)
})
