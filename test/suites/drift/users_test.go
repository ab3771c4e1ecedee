// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// made is what users make in a mesh.
const made = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Secret
metadata: {name: cacerts, namespace: istio-system}
stringData: {ca-cert.pem: theirs}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: theirs, namespace: istio-system}
data: {a: b}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec: {hosts: [shop.example], http: [{route: [{destination: {host: shop}}]}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec: {selector: {istio: gateway}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: shop, namespace: shop}
spec: {action: ALLOW, rules: [{from: [{source: {namespaces: [shop]}}]}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: shop}
spec: {parentRefs: [{name: shop}], rules: [{backendRefs: [{name: shop, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: shop, labels: {istio.io/waypoint-for: service}}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
`

// theirs names what users made.
var theirs = []string{
	"shop virtualservice.networking.istio.io/shop", "shop gateway.networking.istio.io/shop", "shop authorizationpolicy.security.istio.io/shop",
	"shop gateway.gateway.networking.k8s.io/shop", "shop gateway.gateway.networking.k8s.io/waypoint", "shop httproute.gateway.networking.k8s.io/shop",
	"istio-system peerauthentication.security.istio.io/default", "istio-system secret/cacerts", "istio-system configmap/theirs", "default namespace/shop",
}

// asTheyAre tells of each of them its uid and the generation of what it says.
func asTheyAre() map[string]string {
	GinkgoHelper()
	found := map[string]string{}
	for _, one := range theirs {
		namespace, object, _ := strings.Cut(one, " ")
		found[object] = env.Kubectl("get", "-n", namespace, object, "-o", "jsonpath={.metadata.uid} {.metadata.generation} {.metadata.deletionTimestamp}")
	}
	return found
}

var _ = Describe("What users made", Ordered, func() {
	var before map[string]string

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		file := filepath.Join(GinkgoT().TempDir(), "made.yaml")
		Expect(os.WriteFile(file, []byte(made), 0o600)).To(Succeed())
		env.Kubectl("apply", "-f", file)
		before = asTheyAre()
	})

	It("is there when the mesh has been removed", func() {
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Expect(env.Kubectl("get", "daemonset,deployment", "-n", Namespace)).To(ContainSubstring("No resources found"))
		Expect(asTheyAre()).To(Equal(before))
	})

	It("is of the next mesh, of another version, and can be changed there", func() {
		env.Install(Sample("minimal.yaml", Version("1.31.0")))
		Expect(asTheyAre()).To(Equal(before))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		for _, one := range theirs {
			namespace, object, _ := strings.Cut(one, " ")
			env.Kubectl("annotate", "-n", namespace, object, "example.com/note=x")
		}
	})
})
