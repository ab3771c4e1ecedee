// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/invalidinput"
)

// exists reports whether the install namespace has an object of that name.
func exists(object client.Object, name string) func() (bool, error) {
	return func() (bool, error) {
		err := env.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: name}, object)
		return err == nil, client.IgnoreNotFound(err)
	}
}

// variables are the environment of the first container of a pod template.
func variables(template corev1.PodTemplateSpec) map[string]string {
	found := map[string]string{}
	for _, variable := range template.Spec.Containers[0].Env {
		found[variable.Name] = variable.Value
	}
	return found
}

var _ = Describe("The scaling profile", Ordered, func() {
	autoscaler, budget := &autoscalingv2.HorizontalPodAutoscaler{}, &policyv1.PodDisruptionBudget{}
	become := func(profile v1.ScalingProfile) {
		env.Patch(fmt.Sprintf(`{"spec":{"scalingProfile":%q}}`, profile))
		env.EventuallyPhase(v1.PhaseSucceeded)
	}
	replicas := func() int32 { return *env.Istiod().Spec.Replicas }

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
	})

	It("Default runs two istiods on different nodes, of which one may go at a time", func(ctx SpecContext) {
		Expect(replicas()).To(BeEquivalentTo(2))
		Expect(exists(autoscaler, "istiod")()).To(BeFalse())
		Expect(Get(env, budget, "istiod").Spec.MinAvailable.IntValue()).To(Equal(1))
		pods := &corev1.PodList{}
		Expect(env.API.List(ctx, pods, client.InNamespace(Namespace), client.MatchingLabels{"app": "istiod"})).To(Succeed())
		Expect(pods.Items).To(HaveLen(2))
		Expect(pods.Items[0].Spec.NodeName).NotTo(Equal(pods.Items[1].Spec.NodeName))
	})

	It("Large leaves the number of replicas to an autoscaler from four on", func() {
		become(v1.ScalingLarge)
		Expect(*Get(env, autoscaler, "istiod").Spec.MinReplicas).To(BeEquivalentTo(4))
		Eventually(replicas).Should(BeEquivalentTo(4), "the autoscaler has its minimum")
		Expect(env.Istiod().Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String()).To(Equal("4Gi"))
		env.Kubectl("scale", "deployment", "-n", Namespace, "istiod", "--replicas=5") // As the autoscaler would.
		Eventually(func() int32 { return env.Istiod().Status.ReadyReplicas }).Should(BeEquivalentTo(5))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(env.Events()).NotTo(ContainElement(HavePrefix(v1.ReasonDriftCorrected)))
	})

	It("Default takes the replicas back and removes the autoscaler", func() {
		become(v1.ScalingDefault)
		Eventually(exists(autoscaler, "istiod")).Should(BeFalse())
		Eventually(replicas).Should(BeEquivalentTo(2))
		Eventually(func() int32 { return env.Istiod().Status.ReadyReplicas }).Should(BeEquivalentTo(2))
	})

	It("Demo runs one small istiod", func() {
		become(v1.ScalingDemo)
		Eventually(replicas).Should(BeEquivalentTo(1))
		Expect(env.Istiod().Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String()).To(Equal("100Mi"))
	})

	It("Large follows Demo as well", func() {
		become(v1.ScalingLarge)
		Eventually(replicas).Should(BeEquivalentTo(4))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("The names of spec", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", func(smc *v1.ServiceMeshController) {
			smc.Spec.Cluster, smc.Spec.Network, smc.Spec.TrustDomain, smc.Spec.Distribution = "cluster1", "network1", "cluster1.local", v1.FIPS
			smc.Spec.Image = &v1.Image{Registry: "registry.example.com:5000", Repository: "mirror/istio"}
		}))
	})

	It("reach istiod, ztunnel, the mesh config and the namespace", func() {
		Expect(variables(env.Istiod().Spec.Template)).To(HaveKeyWithValue("CLUSTER_ID", "cluster1"))
		Expect(variables(env.Ztunnel().Spec.Template)).To(And(HaveKeyWithValue("NETWORK", "network1"), HaveKeyWithValue("ISTIO_META_CLUSTER_ID", "cluster1")))
		Expect(Get(env, &corev1.Namespace{}, Namespace).Labels).To(HaveKeyWithValue("topology.istio.io/network", "network1"))
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"]).To(ContainSubstring("trustDomain: cluster1.local"))
	})

	It("restrict cryptography in istiod and in ztunnel", func() {
		Expect(variables(env.Istiod().Spec.Template)).To(HaveKeyWithValue("COMPLIANCE_POLICY", "fips-140-2"))
		Expect(variables(env.Ztunnel().Spec.Template)).To(HaveKeyWithValue("COMPLIANCE_POLICY", "fips-140-2"))
	})

	It("say where all images come from", func() {
		for _, template := range []corev1.PodTemplateSpec{env.Istiod().Spec.Template, env.CNINode().Spec.Template, env.Ztunnel().Spec.Template} {
			Expect(Images(template)).To(HavePrefix("registry.example.com:5000/mirror/istio/"))
		}
	})

	It("are followed when they change", func() {
		env.Patch(`{"spec":{"network":"network2","distribution":"Standard","image":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(variables(env.Ztunnel().Spec.Template)).To(And(HaveKeyWithValue("NETWORK", "network2"), Not(HaveKey("COMPLIANCE_POLICY"))))
		Expect(Get(env, &corev1.Namespace{}, Namespace).Labels).To(HaveKeyWithValue("topology.istio.io/network", "network2"))
		Expect(Images(env.Ztunnel().Spec.Template)).To(HavePrefix("docker.io/istio/"))
	})
})

var _ = Describe("Pull secrets", Ordered, func() {
	const name, own = "pull-secret", "own-secret"
	secret := func(namespace, name, content string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Type: corev1.SecretTypeDockerConfigJson,
			Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"` + content + `":{}}}`)},
		}
	}
	content := func(name string) func() string {
		return func() string {
			found := &corev1.Secret{}
			err := env.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: name}, found)
			Expect(client.IgnoreNotFound(err)).To(Succeed())
			return string(found.Data[corev1.DockerConfigJsonKey])
		}
	}
	var log *Log

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		Expect(env.API.Create(ctx, secret(OperatorNamespace, name, invalidinput.Marker))).To(Succeed())
		Expect(env.API.Create(ctx, secret(OperatorNamespace, own, "the operator's"))).To(Succeed())
		Expect(env.API.Create(ctx, secret(OperatorNamespace, "unrelated", "nobody's"))).To(Succeed())
		Expect(env.API.Create(ctx, secret(Namespace, own, "the user's"))).To(Succeed())
		_, log = env.StartLoggingOperator()
		env.Install(Sample("minimal.yaml", func(smc *v1.ServiceMeshController) {
			smc.Spec.Image = &v1.Image{Secrets: []v1.LocalSecret{{Name: name}, {Name: own}, {Name: "nowhere"}}}
		}))
	})

	It("are copied from the operator's namespace", func() {
		copied := Get(env, &corev1.Secret{}, name)
		Expect(copied.Type).To(Equal(corev1.SecretTypeDockerConfigJson))
		Expect(content(name)()).To(ContainSubstring(invalidinput.Marker))
		Expect(copied.Annotations).To(HaveKeyWithValue(v1.CopiedFromAnnotation, OperatorNamespace+"/"+name))
	})

	It("are left alone where the install namespace has its own", func() {
		Expect(content(own)()).To(ContainSubstring("the user's"))
	})

	It("are named by the service accounts of all components", func() {
		for _, account := range []string{"istiod", "istio-cni", "ztunnel"} {
			Expect(Get(env, &corev1.ServiceAccount{}, account).ImagePullSecrets).To(ContainElement(corev1.LocalObjectReference{Name: name}), account)
		}
	})

	It("follow their source", func(ctx SpecContext) {
		Expect(env.API.Update(ctx, secret(OperatorNamespace, name, "rotated"))).To(Succeed())
		Eventually(content(name)).Should(ContainSubstring("rotated"))
	})

	It("come back when somebody deletes or changes them", func(ctx SpecContext) {
		Expect(env.API.Delete(ctx, secret(Namespace, name, ""))).To(Succeed())
		Eventually(content(name)).Should(ContainSubstring("rotated"))
		env.Settled()
		Expect(env.API.Update(ctx, secret(Namespace, name, "other"), client.FieldOwner("somebody"))).To(Succeed())
		env.Settled()
		Expect(content(name)()).To(ContainSubstring("other"), "without the operator's labels it is somebody's own")
		Expect(env.API.Delete(ctx, secret(Namespace, name, ""))).To(Succeed())
		Eventually(content(name)).Should(ContainSubstring("rotated"))
	})

	It("stay while spec names them, even without their source", func(ctx SpecContext) {
		Expect(env.API.Delete(ctx, secret(OperatorNamespace, name, ""))).To(Succeed())
		env.Settled()
		Expect(content(name)()).To(ContainSubstring("rotated"))
	})

	It("are read by name alone", func() {
		for _, read := range env.Requests(cluster.Mark{}, func(r cluster.Request) bool { return r.Resource == "secrets" && r.Namespace == OperatorNamespace }) {
			Expect(read.Name).To(BeElementOf(name, own, "nowhere"), "%s", read.Verb)
		}
	})

	It("go when spec no longer names them", func() {
		env.Patch(`{"spec":{"image":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(content(name)).Should(BeEmpty())
		Expect(content(own)()).To(ContainSubstring("the user's"))
	})

	It("go with the mesh, but for those of others", func(ctx SpecContext) {
		Expect(env.API.Create(ctx, secret(OperatorNamespace, name, invalidinput.Marker))).To(Succeed())
		env.Patch(`{"spec":{"image":{"secrets":[{"name":"` + name + `"},{"name":"` + own + `"}]}}}`)
		Eventually(content(name)).Should(ContainSubstring(invalidinput.Marker))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		err := env.API.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: name}, &corev1.Secret{})
		Expect(apierrors.IsNotFound(err)).To(BeTrue(), "%v", err)
		Expect(content(own)()).To(ContainSubstring("the user's"))
	})

	It("are told nowhere", func() {
		Expect(log.Matching(invalidinput.Marker)).To(BeEmpty())
		Expect(strings.Join(env.Events(), "\n")).NotTo(ContainSubstring(invalidinput.Marker))
	})
})
