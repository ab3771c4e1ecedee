// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
)

var _ = Describe("The condition CertificatesValid", func() {
	expired := certificates.Finding{
		Status: &v1.CertificatesStatus{Source: v1.SourceIstiod}, Valid: metav1.ConditionFalse, Reason: v1.ReasonCertificateExpired, Message: "the root has expired",
	}
	after := func(before v1.ServiceMeshControllerStatus, found *certificates.Finding) v1.ServiceMeshControllerStatus {
		return Compute(&v1.ServiceMeshController{Status: before}, &Outcome{Certificates: found}, time.Now())
	}
	condition := func(s v1.ServiceMeshControllerStatus) *metav1.Condition {
		return meta.FindStatusCondition(s.Conditions, v1.ConditionCertificatesValid)
	}

	It("is absent until certificates are known", func() {
		Expect(condition(after(v1.ServiceMeshControllerStatus{}, nil))).To(BeNil())
		Expect(condition(after(v1.ServiceMeshControllerStatus{}, &certificates.Finding{}))).To(BeNil())
	})

	It("changes neither Ready nor the phase", func() {
		with, without := after(v1.ServiceMeshControllerStatus{}, &expired), after(v1.ServiceMeshControllerStatus{}, nil)
		Expect(*condition(with)).To(And(HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1.ReasonCertificateExpired)))
		Expect(with.Certificates).To(Equal(expired.Status))
		Expect(with.Phase).To(Equal(without.Phase))
		Expect(meta.FindStatusCondition(with.Conditions, v1.ConditionReady).Message).To(Equal(meta.FindStatusCondition(without.Conditions, v1.ConditionReady).Message))
	})

	It("stays while an attempt does not find out, and goes with the certificates", func() {
		known := after(v1.ServiceMeshControllerStatus{}, &expired)
		Expect(*condition(after(known, nil))).To(Equal(*condition(known)))
		Expect(after(known, nil).Certificates).To(Equal(known.Certificates))
		Expect(condition(after(known, &certificates.Finding{}))).To(BeNil())
		Expect(after(known, &certificates.Finding{}).Certificates).To(BeNil())
	})

	It("is gone when the mesh is removed", func() {
		smc := &v1.ServiceMeshController{Status: after(v1.ServiceMeshControllerStatus{}, &expired)}
		Expect(condition(Uninstalling(smc, "", time.Now()))).To(BeNil())
		Expect(Uninstalling(smc, "", time.Now()).Certificates).To(BeNil())
	})

	It("has an event when it turns false, and when the reason is another one", func() {
		expiring := expired
		expiring.Reason, expiring.Message = v1.ReasonCertificateExpiring, "the root expires"
		none, soon, late := after(v1.ServiceMeshControllerStatus{}, nil), after(v1.ServiceMeshControllerStatus{}, &expiring), after(v1.ServiceMeshControllerStatus{}, &expired)
		Expect(Events(none, soon, EventInput{})).To(HaveExactElements(And(HaveField("Type", "Warning"), HaveField("Reason", v1.ReasonCertificateExpiring), HaveField("Message", "the root expires"))))
		Expect(Events(soon, late, EventInput{})).To(HaveExactElements(HaveField("Reason", v1.ReasonCertificateExpired)))
		Expect(Events(late, late, EventInput{})).To(BeEmpty())
		Expect(Events(late, none, EventInput{})).To(BeEmpty())
	})
})
