// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// on is the plan of that release on a platform.
func on(version, platform string, standardDirs bool, options ...option) *plan.Plan {
	GinkgoHelper()
	input := inputOf(append([]option{ofVersion(version)}, options...)...)
	input.Facts.Platform, input.Facts.StandardCNIDirs = platform, standardDirs
	return build(input)
}

// hostDirs are the host's directories that istio-cni's pods see, by volume.
func hostDirs(built *plan.Plan) map[string]string {
	GinkgoHelper()
	found := map[string]string{}
	for _, volume := range objectAs[appsv1.DaemonSet](built, "DaemonSet", "istio-cni-node").Spec.Template.Spec.Volumes {
		if volume.HostPath != nil {
			found[volume.Name] = volume.HostPath.Path
		}
	}
	return found
}

var _ = Describe("On each platform", func() {
	for _, version := range istio.Versions() {
		DescribeTable("istio-cni "+version+" finds the directories of", func(platform string, standardDirs bool, bin, conf string, options ...option) {
			directories := hostDirs(on(version, platform, standardDirs, options...))
			Expect(directories).To(HaveKeyWithValue("cni-bin-dir", bin))
			Expect(directories).To(HaveKeyWithValue("cni-net-dir", conf))
		},
			Entry("any other", "", false, "/opt/cni/bin", "/etc/cni/net.d"),
			Entry("K3s", "k3s", false, "/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d"),
			Entry("K3s with Cilium", "k3s", true, "/opt/cni/bin", "/etc/cni/net.d"),
			Entry("K3s with Cilium, when users say it is K3s", "k3s", true, "/opt/cni/bin", "/etc/cni/net.d", withValues("global: {platform: k3s}")),
			Entry("k3d", "k3d", false, "/bin", "/var/lib/rancher/k3s/agent/etc/cni/net.d"),
			Entry("k3d with Cilium", "k3d", true, "/opt/cni/bin", "/etc/cni/net.d"),
			Entry("MicroK8s", "microk8s", false, "/var/snap/microk8s/current/opt/cni/bin", "/var/snap/microk8s/current/args/cni-network"),
			Entry("OpenShift", "openshift", false, "/var/lib/cni/bin", "/etc/cni/multus/net.d"),
			Entry("the platform that users give", "k3s", true, "/var/snap/microk8s/current/opt/cni/bin", "/var/snap/microk8s/current/args/cni-network",
				withValues("global: {platform: microk8s}")),
			Entry("the platform that users give at the root", "k3s", false, "/bin", "/var/lib/rancher/k3s/agent/etc/cni/net.d", withValues("platform: k3d")),
			Entry("users who name them", "k3s", true, "/a", "/b", withValues("cni: {cniBinDir: /a, cniConfDir: /b}")),
		)

		It("istio-cni "+version+" finds the network namespaces of minikube", func() {
			Expect(hostDirs(on(version, "minikube", false))).To(ContainElement("/var/run/docker/netns"))
		})

		It("GKE allows the pods of "+version+" by a quota", func() {
			Expect(body(on(version, "gke", false), "ResourceQuota", "istio-cni-resource-quota")).To(ContainSubstring("system-node-critical"))
		})

		It("istiod "+version+" trusts ztunnel in the install namespace of OpenShift", func() {
			trusted := env(istiodOf(on(version, "openshift", false)).Spec.Template)["CA_TRUSTED_NODE_ACCOUNTS"]
			Expect(trusted).To(ContainSubstring("istio-system/ztunnel"))
			Expect(trusted).NotTo(ContainSubstring("kube-system/"))
			given := env(istiodOf(on(version, "", false, withValues("global: {platform: openshift}"))).Spec.Template)
			Expect(given).To(HaveKeyWithValue("CA_TRUSTED_NODE_ACCOUNTS", trusted))
		})
	}

	It("tells what users set from what the operator does", func() {
		cni := componentOf(on("1.29.1", "k3s", true, withValues("cni: {cniBinDir: /a}")), "istio-cni")
		Expect(cni.UserValue("cni", "cniBinDir")).To(Equal("/a"))
		Expect(cni.UserValue("cni", "cniConfDir")).To(BeEmpty())
		Expect(cni.UserValue("global", "platform")).To(BeEmpty())
		Expect(cni.UserValue("no", "such")).To(BeEmpty())
	})

	It("tells what users set in the extensions", func() {
		input := inputOf()
		input.Extensions = map[string]string{"values.istio-cni": "cniBinDir: /a\nglobal: {platform: k3d}"}
		cni := componentOf(build(input), "istio-cni")
		Expect(cni.UserValue("cni", "cniBinDir")).To(Equal("/a"))
		Expect(cni.UserValue("global", "platform")).To(Equal("k3d"))
	})
})
