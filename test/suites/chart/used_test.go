// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"time"

	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// account is the operator's ServiceAccount in the audit log.
const account = "system:serviceaccount:" + OperatorNamespace + ":gloo-operator"

// maximal is a mesh with all that charts can make.
const (
	maximal = `{"revisionTags":["prod"],"resourceQuotas":{"enabled":true},"experimental":{"stableValidationPolicy":true},
	  "global":{"networkPolicy":{"enabled":true}},"pilot":{"autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":3},
	  "cni":{"provider":"multus"}}`
	multus = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: network-attachment-definitions.k8s.cni.cncf.io},
	  spec: {group: k8s.cni.cncf.io, scope: Namespaced, names: {kind: NetworkAttachmentDefinition, plural: network-attachment-definitions},
	  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`
	ciliumPolicies = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: ciliumclusterwidenetworkpolicies.cilium.io},
	  spec: {group: cilium.io, scope: Cluster, names: {kind: CiliumClusterwideNetworkPolicy, plural: ciliumclusterwidenetworkpolicies},
	  versions: [{name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`
)

// rare are rights whose use depends on timing: an event is patched when the same
// happens again within some minutes.
var rare = []string{"patch events.events.k8s.io in default"}

// restoring are rights that are in use while an install namespace or the rights in it are
// missing, which makes requests that are denied: see restore_test.go.
var restoring = []string{
	"create namespaces. in the cluster",
	"create rolebindings.rbac.authorization.k8s.io in the cluster", "patch rolebindings.rbac.authorization.k8s.io in the cluster",
}

// freePort is a port of this machine that nothing listens on.
func freePort() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// scrape asks for metrics with that token, and returns the answer's code and text.
func scrape(address, token string) (int, string) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	request, err := http.NewRequest(http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		return 0, err.Error()
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// usedBy lists the rights that a request has used. Server-side apply of what is not
// there is a patch that takes the right to create; a role or binding that is written
// takes the right to grant it; a watch begins with a list, which newer API servers
// answer in the watch itself.
func usedBy(r cluster.Request) []grant {
	resource := r.Resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	namespace := r.Namespace
	if resource == "namespaces" {
		namespace = ""
	}
	used := []grant{{namespace: namespace, verb: r.Verb, group: r.Group, resource: resource}}
	also := func(verb, resource string) {
		used = append(used, grant{namespace: namespace, verb: verb, group: r.Group, resource: resource})
	}
	if r.Verb == "patch" && r.Code == http.StatusCreated {
		also("create", resource)
	}
	if r.Verb == "watch" {
		also("list", resource)
	}
	switch resource {
	case "roles", "clusterroles":
		also("escalate", resource)
	case "rolebindings", "clusterrolebindings":
		also("bind", strings.Replace(resource, "bindings", "s", 1))
	}
	return used
}

var _ = Describe("The rights of the operator", Ordered, func() {
	var address string

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 2 })
		Expect(applied(multus)(env.API)).To(Succeed())
		Expect(applied(ciliumPolicies)(env.API)).To(Succeed())
		address = freePort()
		env.StartOperator(func(o *manager.Options) { o.LeaderElection, o.MetricsAddress = true, address })
	})

	It("let it serve metrics to whoever may read them", func() {
		env.Kubectl("create", "serviceaccount", "scraper", "-n", "default")
		token := strings.TrimSpace(env.Kubectl("create", "token", "scraper", "-n", "default"))
		code := func(token string) func() int { return func() int { code, _ := scrape(address, token); return code } }
		Eventually(code("")).Should(Equal(http.StatusUnauthorized))
		Eventually(code(token)).Should(Equal(http.StatusForbidden))
		env.Kubectl("create", "clusterrolebinding", "scraper", "--clusterrole=gloo-operator-metrics-reader", "--serviceaccount=default:scraper")
		another := strings.TrimSpace(env.Kubectl("create", "token", "scraper", "-n", "default")) // The answer for the first is remembered for a while.
		Eventually(func() string { _, text := scrape(address, another); return text }).Should(ContainSubstring("controller_runtime_reconcile_total"))
	})

	It("let it install, change and remove meshes of all kinds of objects", func() {
		mesh := Sample("minimal.yaml", Version("1.26.3")) // Not bundled.
		mesh.Spec.Repository = &v1.Repository{URL: "https://127.0.0.1:1/charts", Secrets: []v1.NamespacedSecret{{Name: "login"}}}
		mesh.Spec.Image = &v1.Image{Registry: "docker.io", Secrets: []v1.LocalSecret{{Name: "pull"}}}
		env.Create(mesh)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring("Secret gloo-operator/login of spec.repository does not exist"))
		env.Kubectl("create", "secret", "docker-registry", "pull", "-n", OperatorNamespace, "--docker-username=a", "--docker-password=b")
		env.Patch(`{"spec":{"version":"1.28.2","repository":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.29.1", Mode: cluster.Slow, Delay: time.Minute})
		env.SetVersion("1.29.1")
		Eventually(func() []cluster.Request {
			return env.Requests(cluster.Mark{}, func(r cluster.Request) bool { return r.Resource == "events" && r.Verb == "list" })
		}).ShouldNot(BeEmpty(), "why pods do not get ready")
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		env.Install(Sample("minimal.yaml", Version("1.31.0")))
		env.Patch(`{"spec":{"values":` + maximal + `}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
	})

	It("are all in use, and no request is denied", func() {
		used := map[string]bool{}
		requests, err := env.Cluster.Audit().Requests(cluster.Mark{}, func(r cluster.Request) bool { return r.User == account })
		Expect(err).NotTo(HaveOccurred())
		Expect(requests).NotTo(BeEmpty())
		for _, request := range requests {
			Expect(request.Code).NotTo(BeEquivalentTo(http.StatusForbidden), request.String())
			for _, g := range usedBy(request) {
				used[g.String()] = true
			}
		}
		var idle []string
		for _, g := range grants(OperatorChart(nil)) {
			if name := g.String(); !used[name] && !slices.Contains(idle, name) && !slices.Contains(append(restoring, rare...), name) {
				idle = append(idle, name)
			}
		}
		Expect(idle).To(BeEmpty())
	})
})
