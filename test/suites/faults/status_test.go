// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apimachinery "k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

var _ = Describe("The status", func() {
	var s *site

	BeforeEach(func() { s = sites[0] })

	DescribeTable("names the component that fails, and why, with all conditions there",
		func(fault faults.Fault, phase v1.Phase, types []string) {
			s.faults.Arm(faults.Rule{When: faults.All(faults.Resource("configmaps"), faults.Request.Writes), Fault: fault})
			s.begin(install)
			Eventually(s.istiodCondition).Should(And(
				HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1.ReasonApplyFailed),
				HaveField("Message", And(ContainSubstring("ConfigMap istio-system/istio"), ContainSubstring("injected"))),
			))
			smc := s.Mesh()
			Expect(smc.Status.Phase).To(Equal(phase))
			Expect(typesOf(smc.Status)).To(Equal(types))
			Expect(s.Condition(v1.ConditionCRDInstalled).Status).To(Equal(metav1.ConditionTrue))
			Expect(s.Condition(v1.ConditionReady)).To(And(
				HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1.ReasonApplyFailed)))
			s.faults.Arm()
			s.converge(install)
			Expect(typesOf(s.Mesh().Status)).To(Equal(v1.ConditionTypes()))
		},
		Entry("where trying again may help", faults.InternalError(), v1.PhaseInstalling, v1.ConditionTypes()),
		Entry("where a person has to act", faults.Forbidden(), v1.PhaseFailed, append(v1.ConditionTypes(), v1.ConditionStalled)),
	)

	It("says so where not even the finalizer can be written", func() {
		s.faults.Arm(faults.Rule{When: faults.All(faults.Resource("servicemeshcontrollers"), faults.Request.Writes), Fault: faults.InternalError()})
		s.begin(install)
		Eventually(s.conditionsOf).Should(ContainElement(And(
			HaveField("Type", v1.ConditionInitialized), HaveField("Status", metav1.ConditionFalse),
			HaveField("Reason", v1.ReasonApplyFailed), HaveField("Message", ContainSubstring("adding the finalizer")))))
		Expect(typesOf(s.Mesh().Status)).To(Equal(v1.ConditionTypes()))
		s.faults.Arm()
		s.converge(install)
	})

	It("says so where a removal fails at its last step", func() {
		s.begin(install)
		s.converge(install)
		s.faults.Arm(faults.Rule{When: faults.Resource("secrets"), Fault: faults.InternalError()})
		s.begin(uninstall)
		Eventually(func() v1.ServiceMeshControllerStatus { return s.Mesh().Status }).Should(And(
			HaveField("Phase", v1.PhaseUninstalling), HaveField("Message", ContainSubstring("listing secrets of the mesh"))))
		s.faults.Arm()
		s.finish(uninstall)
		Expect(s.leftovers()).To(BeEmpty())
	})

	It("is written again when writing it has failed, and loses no condition", func() {
		status := faults.Status("servicemeshcontrollers")
		told := s.watch()
		s.faults.Arm(
			faults.Rule{When: status, Times: 3, Fault: faults.InternalError()},
			faults.Rule{When: status, At: 4, Times: 1, Fault: faults.Conflict()},
			faults.Rule{When: status, At: 5, Times: 1, Fault: faults.Timeout().AfterActing()},
		)
		s.begin(install)
		s.converge(install)
		Expect(s.faults.Hits()).To(HaveLen(5))
		for _, status := range told() {
			if len(status.Conditions) > 0 {
				Expect(typesOf(status)).To(Equal(v1.ConditionTypes()))
			}
		}
	})
})

func (s *site) conditionsOf() []metav1.Condition { return s.Mesh().Status.Conditions }

func (s *site) istiodCondition() metav1.Condition {
	if found := meta.FindStatusCondition(s.conditionsOf(), v1.ConditionControlPlaneDeployed); found != nil {
		return *found
	}
	return metav1.Condition{}
}

func typesOf(status v1.ServiceMeshControllerStatus) []string {
	var types []string
	for _, c := range status.Conditions {
		types = append(types, c.Type)
	}
	return types
}

// watch collects every status that the resource has from now on, until the returned
// function is called, which lists them.
func (s *site) watch() func() []v1.ServiceMeshControllerStatus {
	GinkgoHelper()
	scheme := apimachinery.NewScheme()
	Expect(v1.AddToScheme(scheme)).To(Succeed())
	watcher, err := client.NewWithWatch(s.Cluster.Config("test"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	stream, err := watcher.Watch(context.Background(), &v1.ServiceMeshControllerList{})
	Expect(err).NotTo(HaveOccurred())
	var statuses []v1.ServiceMeshControllerStatus
	var reading sync.WaitGroup
	reading.Go(func() {
		for event := range stream.ResultChan() {
			if smc, ok := event.Object.(*v1.ServiceMeshController); ok && smc.Name == Name {
				statuses = append(statuses, smc.Status)
			}
		}
	})
	return func() []v1.ServiceMeshControllerStatus {
		stream.Stop()
		reading.Wait()
		return statuses
	}
}
