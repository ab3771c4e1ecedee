// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

// leftoverWrites are those of an object that helm's istiod has and the plan has not.
var leftoverWrites = faults.All(faults.Resource("horizontalpodautoscalers"), faults.Request.Writes)

var _ = Describe("A takeover that has failed", func() {
	It("sees what users have made theirs since", func() {
		s := sites[0]
		DeferCleanup(func() { s.Kubectl("delete", "hpa", "istiod", "--namespace", Namespace, "--ignore-not-found") })
		s.faults.Arm(faults.Rule{When: leftoverWrites, Fault: faults.InternalError()})
		s.takeOver()
		Eventually(s.faults.Hits).ShouldNot(BeEmpty())
		s.Kubectl("label", "hpa", "istiod", "--namespace", Namespace, "app.kubernetes.io/part-of=shop", "--overwrite")
		s.faults.Arm()
		s.finish(install)
		Expect(s.Kubectl("get", "hpa", "istiod", "--namespace", Namespace, "-o", "jsonpath={.metadata.labels}")).To(
			And(ContainSubstring("shop"), Not(ContainSubstring(v1.OwnerLabel))))
	})

	It("makes nothing of what has gone since", func() {
		s := sites[0]
		s.faults.Arm(faults.Rule{When: leftoverWrites, Fault: faults.InternalError()})
		s.takeOver()
		Eventually(s.faults.Hits).ShouldNot(BeEmpty())
		s.Kubectl("delete", "hpa", "istiod", "--namespace", Namespace)
		s.faults.Arm()
		s.finish(install)
		Expect(s.Kubectl("get", "hpa", "--namespace", Namespace, "-o", "name")).To(BeEmpty())
	})
})

// takeOver begins an installation that takes over an istiod that helm has installed.
func (s *site) takeOver() {
	GinkgoHelper()
	s.Helm("install", "my-istiod", Chart(oldVersion, "istio-control/istio-discovery"), "--namespace", Namespace, "--create-namespace")
	s.Create(Sample("minimal.yaml", Version(oldVersion), OnConflict(v1.Force)))
}
