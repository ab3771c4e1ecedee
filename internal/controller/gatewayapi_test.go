// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// gatewayCRD is a CRD of the Gateway API, with the operator's label, and of that Helm release.
func gatewayCRD(plural string, labeled bool, release string) metav1.Object {
	crd := &metav1.ObjectMeta{Name: plural + ".gateway.networking.k8s.io", Annotations: map[string]string{
		"gateway.networking.k8s.io/bundle-version": "v1.4.0", "gateway.networking.k8s.io/channel": "standard",
	}}
	if labeled {
		crd.Labels = map[string]string{v1.OwnerLabel: "mesh"}
	}
	if release != "" {
		crd.Annotations[v1.HelmReleaseAnnotation], crd.Annotations[v1.HelmNamespaceAnnotation] = release, "kube-system"
	}
	return crd
}

var _ = DescribeTable("A Gateway API CRD is the operator's", func(labeled bool, release string, auto, manage bool) {
	for mode, owned := range map[v1.GatewayAPIMode]bool{"": auto, v1.GatewayAPIAuto: auto, v1.GatewayAPIManage: manage, v1.GatewayAPIIgnore: false} {
		found := gatewayAPIAmong([]metav1.Object{&metav1.ObjectMeta{Name: "a.example.com"}, gatewayCRD("gateways", labeled, release)}, mode)
		Expect(found).To(HaveLen(1))
		Expect(found[0].Owned).To(Equal(owned), string(mode))
		Expect(found[0].Version + " " + found[0].Channel).To(Equal("v1.4.0 standard"))
	}
},
	Entry("where it is labeled", true, "", true, true),
	Entry("not where it is not", false, "", false, false),
	Entry("not where another Helm release has taken it over, unless it is to be managed", true, "traefik-crd", false, true),
	Entry("not where it has been another Helm release's from the beginning", false, "traefik-crd", false, false),
)

var _ = It("What is said of CRDs that are left names each release once", func() {
	owned := func(release string) apply.Owned { return apply.Owned{Object: gatewayCRD("gateways", true, release)} }
	Expect(left([]apply.Owned{owned("b"), owned("a"), owned("b")})).To(Equal("the operator no longer manages 3 Gateway API CRDs: " +
		"Helm release a in kube-system, Helm release b in kube-system took them over; to manage them again, set spec.gatewayAPI to Manage"))
	Expect(left([]apply.Owned{owned("")})).To(Equal("the operator no longer manages 1 Gateway API CRDs, since spec.gatewayAPI is Ignore"))
})
