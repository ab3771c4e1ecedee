// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// uids tells which objects of the targets there are.
func uids(targets []target) map[string]types.UID {
	GinkgoHelper()
	found := map[string]types.UID{}
	for _, t := range targets {
		live, err := read(context.Background(), t.live)
		if apierrors.IsNotFound(err) {
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		Expect(live.GetOwnerReferences()).To(BeEmpty(), t.name)
		found[t.name] = live.GetUID()
	}
	return found
}

// abandon deletes the resource with no operator running, and removes its finalizer
// by hand.
func abandon(arguments ...string) {
	GinkgoHelper()
	env.Kubectl(append([]string{"delete", "smc", Name, "--wait=false"}, arguments...)...)
	env.Kubectl("patch", "smc", Name, "--type", "json", "-p", `[{"op":"test","path":"/metadata/finalizers/0","value":"`+v1.Finalizer+`"},`+
		`{"op":"remove","path":"/metadata/finalizers/0"}]`)
	env.Kubectl("wait", "--for=delete", "smc/"+Name, "--timeout=240s")
}

var _ = Describe("A mesh whose operator is gone", Ordered, func() {
	mesh := Sample("minimal.yaml", Version("1.28.2"))
	targets := targetsOf(mesh)
	var before map[string]types.UID

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		operator := LaunchOperator(env.OperatorConfig())
		defer operator.Stop()
		env.Install(mesh.DeepCopy())
		env.Settled()
		before = uids(targets)
		Expect(before).To(HaveLen(len(targets)))
	})

	It("loses nothing when the resource is deleted and its finalizer removed by hand", func() {
		dependent := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "dependent", OwnerReferences: []metav1.OwnerReference{
			{APIVersion: v1.GroupVersion.String(), Kind: "ServiceMeshController", Name: Name, UID: env.Mesh().UID},
		}}}
		Expect(env.API.Create(context.Background(), dependent)).To(Succeed())
		abandon()
		Eventually(func() error {
			return env.API.Get(context.Background(), client.ObjectKeyFromObject(dependent), dependent)
		}).Should(MatchError(apierrors.IsNotFound, "not found"), "the garbage collector has done its work")
		Expect(uids(targets)).To(Equal(before))
	})

	It("is the next operator's as it is", func() {
		operator := LaunchOperator(env.OperatorConfig())
		defer operator.Stop()
		env.Install(mesh.DeepCopy())
		env.Settled()
		Expect(uids(targets)).To(Equal(before))
	})

	It("loses nothing when the resource is deleted with --cascade=orphan", func() {
		abandon("--cascade=orphan")
		Expect(uids(targets)).To(Equal(before))
	})

	It("is taken over by helm upgrade", func() {
		for _, c := range charts {
			env.Helm("upgrade", c.release, Chart("1.29.1", c.directory), "--namespace", Namespace, "--reset-then-reuse-values", "--set", "global.tag=1.29.1")
		}
		Expect(listed()).To(ConsistOf(expectedOf("1.29.1")))
		Eventually(func() []string {
			return []string{jsonpath("daemonset/ztunnel", ".status.updatedNumberScheduled"), Images(env.Ztunnel().Spec.Template)}
		}).
			Should(Equal([]string{"5", "docker.io/istio/ztunnel:1.29.1-distroless"}))
		Expect(uids(targets)).To(Equal(before))
	})
})
