// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// newestRecord is the name of the Secret that holds a release's newest revision.
func newestRecord(release string) string {
	GinkgoHelper()
	list := asked[[]struct{ Name, Revision string }]("list", "--all")
	i := slices.IndexFunc(list, func(one struct{ Name, Revision string }) bool { return one.Name == release })
	Expect(i).To(BeNumerically(">=", 0), "%v", list)
	return "sh.helm.release.v1." + release + ".v" + list[i].Revision
}

// recordNames are the Secrets of Helm's releases, with what changes when one is written.
func recordNames() []string {
	GinkgoHelper()
	list := &corev1.SecretList{}
	Expect(env.API.List(context.Background(), list, client.InNamespace(Namespace), client.MatchingLabels{"owner": "helm"})).To(Succeed())
	var names []string
	for _, secret := range list.Items {
		names = append(names, secret.Name+" "+secret.ResourceVersion)
	}
	return names
}

var _ = Describe("A person's helm", Ordered, func() {
	built := planOf(Sample("k3s-cilium.yaml", Version("1.29.1")))

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("k3s-cilium.yaml", Version("1.28.2")))
		env.Settled()
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
	})

	// chapterOf is the only deployed chapter of a release's history, without its number, where
	// that is the newest; else what helm says instead.
	chapterOf := func(release string) string {
		GinkgoHelper()
		if out, err := env.TryHelm("history", release, "--namespace", Namespace); err != nil {
			return out
		}
		all := chapters(release)
		deployed := slices.DeleteFunc(slices.Clone(all), func(c string) bool { return !strings.HasSuffix(c, " deployed") })
		if len(deployed) != 1 || deployed[0] != all[len(all)-1] {
			return strings.Join(all, ", ")
		}
		_, chapter, _ := strings.Cut(deployed[0], " ")
		return chapter
	}

	DescribeTable("leaves records behind that are true again", func(act func()) {
		act()
		Eventually(listed).Should(ConsistOf(expectedOf("1.29.1")))
		for _, c := range charts {
			Eventually(func() string { return chapterOf(c.release) }).Should(Equal(c.chart+"-1.29.1 deployed"), c.release)
			Eventually(func() string { return jsonOf(asked[map[string]any]("get", "values", c.release)) }).
				Should(MatchJSON(jsonOf(component(built, c.release).Values.Values)), c.release)
		}
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		before := recordNames()
		Expect(listed()).To(ConsistOf(expectedOf("1.29.1")), "for good")
		Expect(missing(targetsOf(env.Mesh()))).To(BeEmpty())
		Expect(recordNames()).To(Equal(before))
	},
		// Hardened: helm rollback of one of the mesh's releases | the history showed the old revision as deployed for good
		Entry("after helm rollback: the newest revision is what runs", func() { env.Helm("rollback", "istiod", "1", "--namespace", Namespace) }),
		// Hardened: helm upgrade that only adds an object | it stayed, and the history showed what does not run
		Entry("after helm upgrade that changes nothing of the plan's objects: the newest revision is what runs", func() {
			env.Helm("upgrade", "istiod", Chart("1.29.1", "istio-control/istio-discovery"), "--namespace", Namespace,
				"--reuse-values", "--set", "global.networkPolicy.enabled=true")
			Eventually(func() string { return env.Kubectl("get", "networkpolicy", "-n", Namespace, "-o", "name") }).Should(BeEmpty())
		}),
		// Hardened: helm uninstall of one of the mesh's releases | the release was missing from helm list for good
		Entry("after helm uninstall: the newest revision is what runs", func() { env.Helm("uninstall", "istio-cni", "--namespace", Namespace) }),
		// Hardened: helm uninstall --keep-history | the release was shown as uninstalled for good
		Entry("after helm uninstall that keeps the history: the newest revision is what runs", func() {
			env.Helm("uninstall", "ztunnel", "--keep-history", "--namespace", Namespace)
		}),
		// Hardened: a release Secret is deleted | it was never written again
		Entry("after the newest release Secret is deleted: the newest revision is what runs", func() { env.Kubectl("delete", "secret", "-n", Namespace, newestRecord("istiod")) }),
		// Hardened: all release Secrets are deleted | none was written again
		Entry("after all release Secrets are deleted: the newest revision is what runs", func() { env.Kubectl("delete", "secret", "-n", Namespace, "-l", "owner=helm") }),
		// Hardened: the content of a release Secret is replaced | helm could not read the release any more
		Entry("after the content of a release Secret is replaced: the newest revision is what runs", func() {
			env.Kubectl("patch", "secret", "-n", Namespace, newestRecord("istiod"), "--type", "merge", "-p", `{"stringData":{"release":"nothing"}}`)
		}),
	)

	// Hardened: a helm is just writing a revision | the operator might have written another at the same time
	It("is not written over while it is at work, and is looked at again afterwards", func(ctx SpecContext) {
		mark := env.Settled()
		pending := &corev1.Secret{}
		Expect(env.API.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: newestRecord("ztunnel")}, pending)).To(Succeed())
		working := pending.DeepCopy()
		working.ResourceVersion, working.UID, working.ManagedFields = "", "", nil
		working.Name = "sh.helm.release.v1.ztunnel.v99"
		working.Labels["version"], working.Labels["status"] = "99", "pending-upgrade"
		Expect(env.API.Create(ctx, working)).To(Succeed())
		env.ExpectQuiet(mark, Quiet/3)
		Expect(env.API.Delete(ctx, working)).To(Succeed())
		Eventually(listed).Should(ConsistOf(expectedOf("1.29.1")))
		env.ExpectQuiet(mark, Quiet/3)
	})

	It("costs no request while nobody uses it", func() { env.ExpectQuiet(env.Settled(), Quiet/3) })
})
