// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

const years = 365 * 24 * time.Hour

// certificatesStatus is what the status says of certificates.
func certificatesStatus() v1.CertificatesStatus {
	if c := env.Mesh().Status.Certificates; c != nil {
		return *c
	}
	return v1.CertificatesStatus{}
}

// certificatesValid is the condition. Its type is empty while it is absent.
func certificatesValid() metav1.Condition {
	for _, c := range env.Mesh().Status.Conditions {
		if c.Type == v1.ConditionCertificatesValid {
			return c
		}
	}
	return metav1.Condition{}
}

// plugIn writes the Secret of a plugged-in CA.
func plugIn(signer, root string) {
	GinkgoHelper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: certificates.CACertsSecret},
		StringData: map[string]string{"ca-cert.pem": signer, "cert-chain.pem": signer, "root-cert.pem": root, "ca-key.pem": "the private key"},
	}
	if err := env.API.Create(context.Background(), secret.DeepCopy()); err == nil {
		return
	}
	Expect(env.API.Update(context.Background(), secret)).To(Succeed())
}

var _ = Describe("Certificates of the mesh's CA", Ordered, func() {
	var root, signer string

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		root, signer = CACertificate("root", 10*years), CACertificate("signer", years)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
	})

	It("are not in the status while nothing is known", func() {
		env.Settled()
		Expect(env.Mesh().Status.Certificates).To(BeNil())
		Expect(certificatesValid()).To(BeZero())
	})

	It("are shown once istiod publishes the root", func() {
		env.PublishRoot(root)
		Eventually(certificatesValid).Should(And(HaveField("Status", metav1.ConditionTrue), HaveField("Reason", v1.ReasonCertificatesValid)))
		Expect(certificatesStatus()).To(And(HaveField("Source", v1.SourceOther), HaveField("Root.Subject", "CN=root"), HaveField("Signer", BeNil())))
	})

	It("are followed without a request while nothing changes", func() {
		mark := env.Settled()
		env.Kubectl("annotate", "smc", Name, "look=again")
		env.ExpectQuiet(mark, 5*time.Second)
	})

	It("have the signer of a plugged-in CA", func() {
		plugIn(signer, root)
		Eventually(certificatesStatus).Should(And(HaveField("Source", v1.SourceCACerts), HaveField("Signer", HaveField("Subject", "CN=signer"))))
		Expect(certificatesValid().Status).To(Equal(metav1.ConditionTrue))
	})

	It("are not valid if the signer expires soon, which changes neither Ready nor the phase", func() {
		plugIn(CACertificate("soon", 48*time.Hour), root)
		Eventually(certificatesValid).Should(And(HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1.ReasonCertificateExpiring)))
		Eventually(env.Events).Should(ContainElement(HavePrefix("CertificateExpiring: the signer CN=soon expires on ")))
		Expect(env.Condition(v1.ConditionReady).Status).To(Equal(metav1.ConditionTrue))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		env.ExpectQuiet(env.Settled(), 5*time.Second)
	})

	It("are not valid if a rotation has no overlap", func() {
		next := CACertificate("next", 10*years)
		plugIn(signer, next)
		Eventually(certificatesValid).Should(And(HaveField("Reason", v1.ReasonRootMismatch), HaveField("Message", ContainSubstring("lacks the published root "+certificatesStatus().Root.Fingerprint))))
		Eventually(env.Events).Should(ContainElement(HavePrefix("RootMismatch: root-cert.pem of the Secret cacerts lacks")))
		plugIn(signer, root+next)
		Eventually(certificatesValid).Should(HaveField("Message", And(ContainSubstring("is not published yet"), HaveSuffix("-n "+Namespace))))
		env.PublishRoot(root + next)
		Eventually(certificatesValid).Should(HaveField("Reason", v1.ReasonCertificatesValid))
		Expect(certificatesStatus().Message).To(HavePrefix("2 roots are published"))
	})

	It("never show a private key", func() {
		Expect(env.Kubectl("get", "smc", Name, "-o", "yaml")).NotTo(ContainSubstring("the private key"))
		Expect(env.Events()).NotTo(ContainElement(ContainSubstring("the private key")))
	})

	It("are gone from the status when the mesh is removed", func() {
		env.Kubectl("annotate", "smc", Name, "look-", "--overwrite")
		env.Kubectl("patch", "smc", Name, "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/hold","operator.gloo.solo.io/finalizer"]}}`)
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Eventually(func() v1.Phase { return env.Mesh().Status.Phase }).Should(Equal(v1.PhaseUninstalling))
		Expect(env.Mesh().Status.Certificates).To(BeNil())
		Expect(certificatesValid()).To(BeZero())
		env.Kubectl("patch", "smc", Name, "--type=json", "-p", `[{"op":"remove","path":"/metadata/finalizers/0"}]`)
		Eventually(func() string {
			out, _ := env.TryKubectl("get", "smc", Name, "-o", "name", "--ignore-not-found")
			return out
		}).Should(BeEmpty())
	})
})
