// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"math"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// finished is a component with those objects, for the owner mesh.
func finished(name string, objects ...*unstructured.Unstructured) (Component, error) {
	return finish(Component{Name: name, Version: "1.29.1", Rendered: &helm.Rendered{}}, objects, Input{Owner: "mesh"})
}

var _ = Describe("The objects of a plan", func() {
	names := func(objects []object.Object) []string {
		var list []string
		for _, o := range objects {
			list = append(list, o.GVK.Kind+" "+o.Namespace+"/"+o.Name)
		}
		return list
	}

	It("are in the order in which they are applied", func() {
		component, err := finished(v1.ComponentIstiod,
			rendered("apps/v1", "Deployment", "ns", "a"), rendered("v1", "Service", "ns", "b"), rendered("v1", "Service", "ns", "a"),
			rendered("v1", "Service", "a", "z"), rendered("v1", "ConfigMap", "ns", "c"), rendered("v1", "ServiceAccount", "ns", "x"),
		)
		Expect(err).NotTo(HaveOccurred())
		Expect(names(component.Objects)).To(Equal([]string{
			"ConfigMap ns/c", "ServiceAccount ns/x", "Service a/z", "Service ns/a", "Service ns/b", "Deployment ns/a",
		}))
	})

	It("name their owner and component, and the Helm release of their chart", func() {
		made := rendered("v1", "Service", "ns", "a")
		made.SetLabels(map[string]string{"app": "istiod"})
		made.SetAnnotations(map[string]string{"note": "x"})
		bare := rendered("v1", "Service", "ns", "b")
		_, err := finished(v1.ComponentIstiod, made, bare)
		Expect(err).NotTo(HaveOccurred())
		release := map[string]string{v1.HelmReleaseAnnotation: v1.ComponentIstiod, v1.HelmNamespaceAnnotation: v1.DefaultInstallNamespace}
		Expect(bare.GetLabels()).To(Equal(map[string]string{v1.OwnerLabel: "mesh", v1.ComponentLabel: v1.ComponentIstiod}))
		Expect(bare.GetAnnotations()).To(Equal(release))
		Expect(made.GetLabels()).To(And(HaveLen(3), HaveKeyWithValue("app", "istiod")))
		Expect(made.GetAnnotations()).To(And(HaveLen(3), HaveKeyWithValue("note", "x")))
	})

	It("are kept by Helm where they are CRDs", func() {
		crd := rendered("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "a.istio.io")
		_, err := finished(v1.ComponentBase, crd)
		Expect(err).NotTo(HaveOccurred())
		Expect(crd.GetAnnotations()).To(HaveKeyWithValue(v1.HelmPolicyAnnotation, "keep"))
	})

	It("name no Helm release where no chart makes them", func() {
		secret := rendered("v1", "Secret", "ns", "a")
		_, err := finished(v1.ComponentIstiod, secret)
		Expect(err).NotTo(HaveOccurred())
		Expect(secret.GetAnnotations()).To(BeEmpty())
		crd := rendered("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "a")
		_, err = finish(Component{Name: v1.ComponentGatewayAPI}, []*unstructured.Unstructured{crd}, Input{Owner: "mesh"})
		Expect(err).NotTo(HaveOccurred())
		Expect(crd.GetAnnotations()).To(BeEmpty())
	})

	It("are those of the base with the install namespace and copies of pull secrets", func() {
		input := Input{Owner: "mesh", Spec: v1.ServiceMeshControllerSpec{InstallNamespace: "ns", Network: "n"}, PullSecrets: []PullSecret{{Name: "pull"}}}
		base, err := finish(Component{Name: v1.ComponentBase}, nil, input)
		Expect(err).NotTo(HaveOccurred())
		Expect(names(base.Objects)).To(Equal([]string{"Namespace /ns", "Secret ns/pull"}))
		Expect(InstallNamespace("mesh", input.Spec)).To(Equal(base.Objects[0]))
		other, err := finish(Component{Name: v1.ComponentIstiod}, nil, input)
		Expect(err).NotTo(HaveOccurred())
		Expect(other.Objects).To(BeEmpty())
	})

	It("are refused where they cannot be applied", func() {
		broken := rendered("apps/v1", "Deployment", "ns", "a")
		broken.Object["spec"] = tree{"template": tree{"metadata": "x", "spec": tree{"volumes": []any{tree{"configMap": tree{"name": "c"}}}}}}
		_, err := finished(v1.ComponentIstiod, broken, rendered("v1", "ConfigMap", "ns", "c"))
		Expect(err).To(MatchError(HavePrefix("annotating the pods of Deployment ns/a: ")))
		unknown, err := finished(v1.ComponentIstiod, rendered("a.b/v1", "C", "ns", "a"))
		Expect(err).To(HaveOccurred())
		Expect(unknown).To(Equal(Component{}))
		infinite := rendered("v1", "Service", "ns", "a")
		infinite.Object["spec"] = math.Inf(1)
		_, err = finished(v1.ComponentIstiod, infinite)
		Expect(err).To(MatchError(HavePrefix("encoding Service a: ")))
	})

	It("and their values make the digest", func() {
		digestOf := func(change func(*Component), objects ...*unstructured.Unstructured) string {
			c := Component{Name: v1.ComponentIstiod, Version: "1.29.1", Values: values.Tree{Values: tree{"a": "b"}}}
			change(&c)
			made, err := finish(c, objects, Input{})
			Expect(err).NotTo(HaveOccurred())
			return (&Plan{Version: "1.29.1", Components: []Component{made}}).Digest()
		}
		same := func(*Component) {}
		digests := map[string]bool{
			digestOf(same): true,
			digestOf(same, rendered("v1", "Service", "ns", "a")):              true,
			digestOf(func(c *Component) { c.Version = "1.29.2" }):             true,
			digestOf(func(c *Component) { c.Values.Values = tree{"a": "c"} }): true,
			(&Plan{Version: "1.29.1"}).Digest():                               true,
			(&Plan{Version: "1.29.2"}).Digest():                               true,
		}
		Expect(digests).To(HaveLen(6))
		Expect(digestOf(same)).To(And(Equal(digestOf(same)), HaveLen(32)))
	})

	It("are all listed", func() {
		built := &Plan{Components: []Component{{Objects: []object.Object{{Name: "a"}, {Name: "b"}}}, {Objects: []object.Object{{Name: "c"}}}}}
		Expect(built.Objects()).To(HaveExactElements(HaveField("Name", "a"), HaveField("Name", "b"), HaveField("Name", "c")))
	})
})

var _ = Describe("A plan", func() {
	It("hides what users wrote, and nothing else", func() {
		built := &Plan{layers: []values.Layer{{FromUser: true, Values: tree{"a": "s3cr3t-and-long"}}}}
		Expect(built.Redact("not s3cr3t-and-long but this")).To(Equal("not [a] but this"))
	})

	It("has no Gateway API that is not bundled", func() {
		err := new(Builder).addGatewayAPI(&Plan{}, istio.Release{GatewayAPI: "v0.0.1"}, Input{})
		Expect(err).To(MatchError(gatewayapi.ErrNotBundled))
		Expect(err).To(MatchError(HavePrefix("Gateway API v0.0.1: ")))
	})
})

var _ = DescribeTable("The images of a plan are not known where an object cannot be read:", func(kind schema.GroupVersionKind, name, message string) {
	broken := object.Object{GVK: kind, Namespace: "ns", Name: name, Body: []byte("{")}
	images, err := (&Plan{Components: []Component{{Name: v1.ComponentIstiod, Objects: []object.Object{broken}}}}).Images()
	Expect(err).To(MatchError(HavePrefix(message)))
	Expect(images).To(BeNil())
},
	Entry("a workload", schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, "istiod", "reading Deployment ns/istiod: "),
	Entry("istiod's templates", schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, "istio-sidecar-injector",
		"finding the images of proxies: reading ConfigMap ns/istio-sidecar-injector: "),
	Entry("istiod's mesh config", schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, "istio", "finding the images of proxies: reading ConfigMap ns/istio: "),
)
