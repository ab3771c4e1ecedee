// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// probing is an input with probes.
func probing(options ...option) plan.Input {
	input := inputOf(append([]option{func(s *v1.ServiceMeshControllerSpec) { s.Probe = &v1.Probe{Enabled: true} }}, options...)...)
	input.Probe = plan.Probe{Namespace: "probes", Image: "operator:1", Version: "1", PullSecrets: []string{"registry"}}
	return input
}

var _ = Describe("The probe", func() {
	names := func(built *plan.Plan) []string {
		var names []string
		for _, o := range componentOf(built, v1.ComponentProbe).Objects {
			Expect(o.Namespace).To(Equal("probes"))
			names = append(names, o.GVK.Kind+" "+o.Name)
		}
		return names
	}
	daemonSet := func(input plan.Input) appsv1.DaemonSet {
		return objectAs[appsv1.DaemonSet](build(input), "DaemonSet", plan.ProbeName)
	}

	It("is the last component, where spec asks for it", func() {
		built := build(probing())
		Expect(built.Components[len(built.Components)-1].Name).To(Equal(v1.ComponentProbe))
		Expect(names(built)).To(Equal([]string{
			"ServiceAccount gloo-operator-probe", "AuthorizationPolicy gloo-operator-probe", "PeerAuthentication gloo-operator-probe",
			"Service gloo-operator-probe", "DaemonSet gloo-operator-probe",
		}))
		for _, off := range []option{
			func(s *v1.ServiceMeshControllerSpec) { s.Probe = nil },
			func(s *v1.ServiceMeshControllerSpec) { s.Probe.Enabled = false },
			func(s *v1.ServiceMeshControllerSpec) { s.DataplaneMode = v1.Sidecar },
		} {
			Expect(plan.ComponentNames(probing(off).Spec)).NotTo(ContainElement(v1.ComponentProbe))
		}
	})

	It("has a partner on a single node", func() {
		input := probing()
		input.Facts.SingleNode = true
		Expect(names(build(input))).To(ContainElement("DaemonSet gloo-operator-probe-partner"))
	})

	It("is awaited only if spec requires it", func() {
		Expect(componentOf(build(probing()), v1.ComponentProbe).Unawaited).To(BeTrue())
		required := probing(func(s *v1.ServiceMeshControllerSpec) { s.Probe.Required = true })
		Expect(componentOf(build(required), v1.ComponentProbe).Unawaited).To(BeFalse())
	})

	It("leaves the other components as they are", func() {
		without := build(inputOf())
		for i, component := range build(probing()).Components[:len(without.Components)] {
			Expect(component.Digest).To(Equal(without.Components[i].Digest))
		}
	})

	It("runs in the mesh, on the nodes of ztunnel, as restricted pods may", func() {
		template := daemonSet(probing(withValues(`ztunnel: {nodeSelector: {pool: mesh}}`))).Spec.Template
		Expect(template.Labels).To(And(
			HaveKeyWithValue(v1.DataplaneModeLabel, v1.DataplaneModeAmbient), HaveKeyWithValue(v1.ComponentLabel, v1.ComponentProbe)))
		ztunnel := objectAs[appsv1.DaemonSet](build(probing()), "DaemonSet", "ztunnel").Spec.Template.Spec
		Expect(template.Spec.NodeSelector).To(HaveKeyWithValue("pool", "mesh"))
		Expect(template.Spec.Tolerations).To(Equal(ztunnel.Tolerations))
		Expect(template.Spec.AutomountServiceAccountToken).To(HaveValue(BeFalse()))
		Expect(template.Spec.ImagePullSecrets).To(Equal([]corev1.LocalObjectReference{{Name: "registry"}}))
		security := template.Spec.Containers[0].SecurityContext
		Expect(security.AllowPrivilegeEscalation).To(HaveValue(BeFalse()))
		Expect(security.Capabilities.Drop).To(Equal([]corev1.Capability{"ALL"}))
		Expect(template.Spec.SecurityContext.RunAsNonRoot).To(HaveValue(BeTrue()))
	})

	It("asks as often and waits as long as spec says", func() {
		Expect(daemonSet(probing()).Spec.Template.Spec.Containers[0].Args).To(Equal([]string{
			"--peers=gloo-operator-probe.probes.svc", "--interval=30s", "--timeout=3s",
		}))
		changed := probing(func(s *v1.ServiceMeshControllerSpec) {
			s.Probe.Interval, s.Probe.Timeout = &metav1.Duration{Duration: time.Minute}, &metav1.Duration{Duration: time.Second}
		})
		Expect(daemonSet(changed).Spec.Template.Spec.Containers[0].Args).To(ContainElements("--interval=1m0s", "--timeout=1s"))
	})

	It("is reached by other probes on one port, by everybody on another, and by nobody on the third", func() {
		policy := string(body(build(probing()), "AuthorizationPolicy", plan.ProbeName))
		Expect(policy).To(And(
			ContainSubstring(`"rules":[{"from":[{"source":{"principals":["*/ns/probes/sa/gloo-operator-probe"]}}],"to":[{"operation":{"ports":["8080"]}}]},{"to":[{"operation":{"ports":["8082"]}}]}]`),
			ContainSubstring(`"action":"ALLOW"`), Not(ContainSubstring("8081"))))
	})
})
