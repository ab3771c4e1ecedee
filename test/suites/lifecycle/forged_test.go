// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// forgedDaemonSet is one that a tenant can create who may write workloads in one namespace.
const forgedDaemonSet = `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: team-a}
spec:
  selector: {matchLabels: {app: any}}
  template:
    metadata: {labels: {app: any}}
    spec: {nodeSelector: {no: node}, containers: [{name: any, image: any}]}
---
`

var _ = Describe("What tenants can forge", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, WithoutCilium)
		env.Kubectl("create", "namespace", "team-a")
		env.Kubectl("create", "-f", write(forgedDaemonSet+labelledIstiod("team-a")))
		env.StartOperator()
		env.Create(Sample("minimal.yaml", Version("1.28.2")))
	})

	// Hardened: a Deployment with all labels of istiod and a DaemonSet calico-node, both in a tenant's namespace | FAILED, nothing installed
	It("counts for nothing: the mesh is installed, in the directories of the platform", func() {
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Environment.CNI).To(Equal("Flannel of K3s"))
		Expect(cniDir()).To(Equal("/var/lib/rancher/k3s/data/cni"))
		Expect(initialized()).NotTo(ContainSubstring("team-a"))
	})

	It("counts where only the plugin's installer may write: istio-cni follows Calico", func() {
		env.Kubectl("create", "namespace", "calico-system")
		env.Kubectl("create", "-f", write(strings.ReplaceAll(forgedDaemonSet, "team-a", "calico-system")))
		Eventually(func() string { return env.Mesh().Status.Environment.CNI }).Should(Equal("Calico"))
		Eventually(cniDir).Should(Equal("/opt/cni/bin"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	// Hardened: another istiod that appears while an upgrade rolls out | the upgrade stayed FAILED half-way
	It("freezes no upgrade half-way, not even a real istiod: it warns, and goes on", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.29.1", Mode: cluster.Unready})
		env.SetVersion("1.29.1")
		Eventually(func() string { return env.Component("istiod").Message }).Should(ContainSubstring("1.28.2 → 1.29.1"))
		env.Kubectl("create", "namespace", "other-mesh")
		env.Kubectl("apply", "-f", write(otherIstiod()))
		Eventually(initialized).Should(And(HavePrefix("True "), ContainSubstring("Deployment other-mesh/istiod is an istiod of the default revision")))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
	})
})
