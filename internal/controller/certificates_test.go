// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"
	"k8s.io/client-go/kubernetes/fake"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

var _ = Describe("The certificates of the mesh's CA", func() {
	It("are kept without private keys and what else a Secret has", func() {
		full := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "cacerts", Annotations: map[string]string{"last-applied": "the private key"}},
			Data:       map[string][]byte{"ca-cert.pem": []byte("a"), "ca-key.pem": []byte("the private key"), "tls.key": []byte("another"), "root-cert.pem": bytes.Repeat([]byte("x"), 1<<20)},
		}
		kept, err := keepCertificates(full)
		Expect(err).NotTo(HaveOccurred())
		Expect(kept.(*corev1.Secret).Annotations).To(BeEmpty())
		Expect(kept.(*corev1.Secret).Data).To(And(HaveLen(2), HaveKeyWithValue("ca-cert.pem", []byte("a")),
			HaveKeyWithValue("root-cert.pem", HaveLen(certificates.MaxBytes+1))))
	})

	It("are known once all have been read, and followed until the end", func(ctx SpecContext) {
		featurestesting.SetFeatureDuringTest(GinkgoTB(), features.WatchListClient, false) // Fake clients cannot stream lists.
		changes := atomic.Int32{}
		client := fake.NewClientset(&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "istio-system", Name: certificates.RootConfigMap}, Data: map[string]string{certificates.RootKey: "root"},
		})
		watch := &certificateWatch{ctx: ctx, clientset: client, changed: func() { changes.Add(1) }}
		watch.end()
		_, known := watch.read("istio-system")
		Expect(known).To(BeFalse())
		Eventually(changes.Load).Should(BeEquivalentTo(2), "the ConfigMap, and that all are known")
		in, known := watch.read("istio-system")
		Expect(known).To(BeTrue())
		Expect(in).To(Equal(certificates.Input{Published: []byte("root")}))
		watch.end()
		Expect(watch.namespace).To(BeEmpty())
	})

	DescribeTable("are of the CA that values name", func(istiod, ztunnel map[string]any, address string, noServer bool) {
		found, none := caSettings(&plan.Plan{Components: []plan.Component{
			{Name: v1.ComponentIstiod, Values: values.Tree{Values: istiod}}, {Name: v1.ComponentZtunnel, Values: values.Tree{Values: ztunnel}},
		}})
		Expect(found).To(Equal(address))
		Expect(none).To(Equal(noServer))
	},
		Entry("or of istiod", nil, nil, "", false),
		Entry("for all", map[string]any{"global": map[string]any{"caAddress": "csr:443"}}, nil, "csr:443", false),
		Entry("for ztunnel", map[string]any{"global": map[string]any{"caAddress": "csr:443"}}, map[string]any{"caAddress": "other:443"}, "other:443", false),
		Entry("where istiod does not sign", map[string]any{"env": map[string]any{"ENABLE_CA_SERVER": "false"}}, nil, "", true),
		Entry("where istiod of an older chart does not sign", map[string]any{"pilot": map[string]any{"env": map[string]any{"ENABLE_CA_SERVER": false}}}, nil, "", true),
		Entry("where a value has another type", map[string]any{"global": "x", "env": []any{}}, nil, "", false),
	)
})
