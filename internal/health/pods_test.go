// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/health"
)

// onNode is a pod of that name on a node, changed by edit.
func onNode(name, node string, edit func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: node}}
	edit(&p)
	return p
}

func running(ready corev1.ConditionStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{
			{Type: corev1.PodReady, Status: ready, Reason: "ContainersNotReady", Message: "unready"},
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		}
	}
}

func waiting(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}
	}
}

func crashed(p *corev1.Pod) {
	waiting("CrashLoopBackOff", "back-off 5m0s")(p)
	p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error", Message: "no certificate\n"}
}

// containers is a running pod with the containers of others, after one that runs.
func containers(edits ...func(*corev1.Pod)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		running(corev1.ConditionFalse)(p)
		statuses := []corev1.ContainerStatus{{Name: "running"}}
		for _, edit := range edits {
			other := corev1.Pod{}
			edit(&other)
			statuses = append(statuses, other.Status.ContainerStatuses...)
		}
		p.Status.ContainerStatuses = statuses
	}
}

func unschedulable(p *corev1.Pod) {
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"}}
}

// Hardened: global.hub in values and an image that cannot be pulled | the value stood in status and events
var _ = It("The trouble of a pod shows the path of a value that its message quotes, and names as they are", func() {
	found := health.Pods([]corev1.Pod{onNode("registry.private", "n", waiting("ImagePullBackOff", "pulling registry.private/pilot"))})
	Expect(found.Redacted(redact).String()).To(Equal("pod registry.private on node n: ImagePullBackOff: pulling [global.hub]/pilot"))
})

var _ = DescribeTable("The problem of a pod", func(edit func(*corev1.Pod), text string, certain bool) {
	found := health.Pods([]corev1.Pod{onNode("a", "", running(corev1.ConditionTrue)), onNode("p", "n", edit)})
	if text == "" {
		Expect(found).To(BeNil())
		return
	}
	Expect(found).NotTo(BeNil())
	Expect(found.String()).To(Equal(text))
	Expect(found.Permanent).To(Equal(certain))
},
	Entry("is none when it is ready", running(corev1.ConditionTrue), "", false),
	Entry("is none while it starts", waiting("ContainerCreating", ""), "", false),
	Entry("is that it is not ready", running(corev1.ConditionFalse), "pod p on node n: ContainersNotReady: unready", false),
	Entry("is that no node takes it", unschedulable, "pod p on node n: Unschedulable: 0/3 nodes are available", false),
	Entry("is how its container ended", crashed, "pod p on node n: CrashLoopBackOff: container main exited with code 2 (Error) no certificate", false),
	Entry("is that it is not ready, where its containers run", containers(), "pod p on node n: ContainersNotReady: unready", false),
	Entry("is that of the container that waits", containers(crashed),
		"pod p on node n: CrashLoopBackOff: container main exited with code 2 (Error) no certificate", false),
	Entry("is that of the container that cannot start", containers(crashed, waiting("InvalidImageName", "x")), "pod p on node n: InvalidImageName: x", true),
	Entry("is that of the first container of equal ones", containers(waiting("CrashLoopBackOff", "first"), waiting("CrashLoopBackOff", "second")),
		"pod p on node n: CrashLoopBackOff: first", false),
	Entry("is certain when there is no such image", waiting("ImagePullBackOff", `Back-off pulling image "x": not found`),
		`pod p on node n: ImagePullBackOff: Back-off pulling image "x": not found`, true),
	Entry("may pass when the registry does not answer", waiting("ErrImagePull", "dial tcp: i/o timeout"), "pod p on node n: ErrImagePull: dial tcp: i/o timeout", false),
	Entry("is certain when the image's name is none", waiting("InvalidImageName", "x"), "pod p on node n: InvalidImageName: x", true),
)

var _ = Describe("Of several pods", func() {
	It("the most significant problem is reported", func() {
		found := health.Pods([]corev1.Pod{
			onNode("a", "n", running(corev1.ConditionFalse)), onNode("b", "n", crashed), onNode("c", "n", waiting("InvalidImageName", "")),
		})
		Expect(found.Pod).To(Equal("c"))
	})

	It("one that no node takes has no node", func() {
		Expect(health.Pods([]corev1.Pod{onNode("p", "", unschedulable)}).String()).To(Equal("pod p: Unschedulable: 0/3 nodes are available"))
	})

	It("the newest pod is reported where problems are alike", func() {
		old := onNode("old", "n", crashed)
		young := onNode("young", "n", crashed)
		young.CreationTimestamp = metav1.NewTime(time.Unix(100, 0))
		Expect(health.Pods([]corev1.Pod{old, young}).Pod).To(Equal("young"))
		Expect(health.Pods([]corev1.Pod{young, old}).Pod).To(Equal("young"))
	})

	It("the order stays as it is: lists from a cache are shared", func() {
		pods := []corev1.Pod{onNode("b", "n", crashed), onNode("a", "n", crashed)}
		health.Pods(pods)
		Expect(pods[0].Name).To(Equal("b"))
	})
})

var _ = Describe("Events", func() {
	at := func(seconds int64) metav1.Time { return metav1.NewTime(time.Unix(seconds, 0)) }

	It("report why no pods are created, the newest first, and none from before", func() {
		events := []corev1.Event{
			{LastTimestamp: at(20), Reason: "FailedCreate", Message: "newest"},
			{LastTimestamp: at(10), Reason: "FailedCreate", Message: "older"},
		}
		Expect(health.Events(events, time.Unix(5, 0)).String()).To(Equal("FailedCreate: newest"))
		Expect(health.Events(events, time.Unix(20, 0)).String()).To(Equal("FailedCreate: newest"))
		Expect(health.Events(events, time.Unix(21, 0))).To(BeNil())
	})

	DescribeTable("are dated by the field that their client writes", func(event corev1.Event) {
		Expect(health.Events([]corev1.Event{event}, time.Unix(20, 0))).NotTo(BeNil())
		Expect(health.Events([]corev1.Event{event}, time.Unix(21, 0))).To(BeNil())
	},
		Entry("the time of the event", corev1.Event{EventTime: metav1.NewMicroTime(time.Unix(20, 0))}),
		Entry("the last time", corev1.Event{LastTimestamp: at(20), EventTime: metav1.NewMicroTime(time.Unix(30, 0))}),
		Entry("the last time in a series", corev1.Event{
			Series: &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(time.Unix(20, 0))}, LastTimestamp: at(30),
		}),
	)
})

var _ = Describe("Nodes without a good pod", func() {
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{appsv1.DeprecatedTemplateGeneration: "2"}}}
	good := func(p *corev1.Pod) {
		running(corev1.ConditionTrue)(p)
		p.Labels = map[string]string{"pod-template-generation": "2"}
	}
	old := func(p *corev1.Pod) {
		good(p)
		p.Labels["pod-template-generation"] = "1"
	}
	leaving := func(p *corev1.Pod) {
		good(p)
		now := metav1.NewTime(time.Unix(1, 0))
		p.DeletionTimestamp = &now
	}

	It("are those whose pods are of an older template, not ready, or leaving", func() {
		unready := func(p *corev1.Pod) {
			good(p)
			p.Status.Conditions[0].Status = corev1.ConditionFalse
		}
		pods := []corev1.Pod{
			onNode("a", "n1", good), onNode("b", "n2", old), onNode("c", "n3", leaving), onNode("d", "n4", unready),
			onNode("e", "n5", old), onNode("f", "n5", good), onNode("g", "", old),
		}
		for i := range 9 {
			pods = append(pods, onNode("x", fmt.Sprintf("x%d", i), old))
		}
		Expect(health.OutdatedNodes(set, pods)).To(Equal([]string{"n2", "n3", "n4", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"}))
	})

	It("are a problem that names them, and what to set", func() {
		Expect(health.NotReadyNodes([]string{"a", "b"}).String()).To(Equal(
			"NodesNotReady: nodes a, b are not ready: fix or remove them, or set spec.upgrade.maxUnavailableNodes to 2 or more to continue without them"))
	})

	DescribeTable("lack at least", func(updated, ready, missing int) {
		Expect(health.Missing(health.Progress{Desired: 3, Updated: int32(updated), Ready: int32(ready)})).To(BeEquivalentTo(missing))
	},
		Entry("no pod where all are updated and ready", 3, 3, 0),
		Entry("the pods that are not ready", 3, 1, 2),
		Entry("the pods that are not updated", 2, 3, 1),
		Entry("no pod where more run than are wanted", 4, 4, 0),
	)

	It("are named, but not all of many", func() {
		Expect(health.Nodes([]string{"a"})).To(Equal("node a is"))
		Expect(health.Nodes([]string{"a", "b"})).To(Equal("nodes a, b are"))
		Expect(health.Nodes([]string{"a", "b", "c", "d", "e", "f", "g"})).To(Equal("nodes a, b, c, d, e and 2 more are"))
	})
})
