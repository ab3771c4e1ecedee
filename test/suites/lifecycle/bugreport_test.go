// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// runBugReport runs gloo-operator bug-report, and returns its exit code and the files of the archive.
func runBugReport(ctx context.Context, kubeconfig string, arguments ...string) (code int, files map[string]string, errOut string) {
	GinkgoHelper()
	var out, stderr bytes.Buffer
	archive := filepath.Join(GinkgoT().TempDir(), "report.tar.gz")
	root := cli.NewRoot()
	root.SetArgs(append([]string{"bug-report", "--kubeconfig", kubeconfig, "--output", archive}, arguments...))
	root.SetOut(&out)
	root.SetErr(&stderr)
	code = cli.Execute(ctx, root)
	content, err := os.ReadFile(archive)
	if errors.Is(err, os.ErrNotExist) {
		return code, nil, stderr.String()
	}
	Expect(err).NotTo(HaveOccurred())
	Expect(out.String()).To(HavePrefix(archive + ": "))
	return code, unpack(content), stderr.String()
}

// unpack returns the files of an archive, without the name of its directory.
func unpack(content []byte) map[string]string {
	GinkgoHelper()
	files := map[string]string{}
	compressed, err := gzip.NewReader(bytes.NewReader(content))
	Expect(err).NotTo(HaveOccurred())
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(archive)
		Expect(err).NotTo(HaveOccurred())
		files[strings.TrimPrefix(header.Name, "gloo-operator-bug-report/")] = string(text)
	}
}

// logged is what the containers of all pods log, and secrets what is secret of it.
func logged() (text string, secrets []string) {
	token := "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqd3QtcGxhbnRlZCJ9.c2lnbmF0dXJl-planted"
	return strings.Join([]string{
			"MIIEvHalfAKeyPlanted", "-----END RSA PRIVATE KEY-----",
			"an ordinary line", "Authorization: Bearer bearer-planted-2f", "token " + token,
			"-----BEGIN PRIVATE KEY-----", "MIIEvgPlantedKey", "-----END PRIVATE KEY-----",
			`{"level":"info","url":"https://user:url-planted-9k@registry.example/x","password":"json-planted-8j"}`,
			"dial failed, password=line-planted-7h", "mesh has trust domain values-planted.example",
		}, "\n") + "\n", []string{
			"MIIEvHalfAKeyPlanted", "bearer-planted-2f", "jwt-planted", token, "c2lnbmF0dXJl", "MIIEvgPlantedKey", "url-planted-9k", "json-planted-8j", "line-planted-7h",
		}
}

// loggingProxy is a kubeconfig of a proxy before the API server that answers requests for logs: the
// simulated nodes have none. Requests are "METHOD path".
func loggingProxy() (kubeconfig string, requests func() []string) {
	GinkgoHelper()
	config := env.Cluster.Config("proxy")
	transport, err := rest.TransportFor(config)
	Expect(err).NotTo(HaveOccurred())
	target, err := url.Parse(config.Host)
	Expect(err).NotTo(HaveOccurred())
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	var lock sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		lock.Lock()
		seen = append(seen, request.Method+" "+request.URL.Path)
		lock.Unlock()
		if strings.HasSuffix(request.URL.Path, "/log") {
			text, _ := logged()
			_, _ = io.WriteString(w, text)
			return
		}
		proxy.ServeHTTP(w, request)
	}))
	DeferCleanup(server.Close)
	file := filepath.Join(GinkgoT().TempDir(), "proxied")
	Expect(clientcmd.WriteToFile(api.Config{
		Clusters: map[string]*api.Cluster{"proxy": {Server: server.URL}}, Contexts: map[string]*api.Context{"proxy": {Cluster: "proxy"}}, CurrentContext: "proxy",
	}, file)).To(Succeed())
	return file, func() []string {
		lock.Lock()
		defer lock.Unlock()
		return seen
	}
}

// operatorDeployment is one whose environment and annotations have secrets.
const operatorDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gloo-operator
  namespace: gloo-operator
  labels: {app.kubernetes.io/name: gloo-operator}
  annotations: {example.com/note: annotation-planted-5d}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: gloo-operator}}
  template:
    metadata:
      labels: {app.kubernetes.io/name: gloo-operator}
      annotations: {example.com/note: pod-annotation-planted-4s}
    spec:
      containers:
        - name: manager
          image: example.com/gloo-operator:v0
          args: [run, "--proxy=http://user:argument-planted-3w@proxy.example"]
          env: [{name: HTTPS_PROXY, value: environment-planted-6a}]
---
apiVersion: v1
kind: Secret
metadata: {name: planted, namespace: gloo-operator}
stringData: {key: secret-planted-1q}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gloo-extensions-config, namespace: gloo-operator}
data:
  values.istiod: |
    env: {PLANTED: extension-planted-0z}
    podAnnotations: {example.com/extension: extension-annotation-planted}
  values.other-product: |
    license: other-product-planted
`

var _ = Describe("gloo-operator bug-report", Ordered, func() {
	// Whatever a user writes as a value, in each place that the charts put it.
	const values = `{"meshConfig": {"trustDomain": "values-planted.example", "extensionProviders": [{"name": "planted-provider", "prometheus": {}}]},
		"pilot": {"env": {"PLANTED_TOO": "pilot-environment-planted"}, "extraContainerArgs": ["--planted=argument-of-values-planted"]},
		"ztunnel": {"podLabels": {"planted": "label-planted-11"}, "env": {"NUMBER": "8273645519"}}}`
	planted := []string{
		"values-planted.example", "planted-provider", "pilot-environment-planted", "argument-of-values-planted", "label-planted-11", "8273645519",
		"extension-planted-0z", "extension-annotation-planted", "other-product-planted", "secret-planted-1q", "annotation-planted-5d",
		"pod-annotation-planted-4s", "argument-planted-3w", "environment-planted-6a", "resource-annotation-planted",
	}
	_, inLogs := logged()
	planted = append(planted, inLogs...)

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		file := filepath.Join(GinkgoT().TempDir(), "planted.yaml")
		Expect(os.WriteFile(file, []byte(operatorDeployment), 0o600)).To(Succeed())
		env.Kubectl("apply", "-f", file)
		env.StartOperator()
		smc := Sample("minimal.yaml", Values(values))
		smc.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": values, "example.com/note": "resource-annotation-planted"}
		env.Install(smc)
		env.Hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Mode: cluster.Unready})
		Eventually(func() int32 { return env.ReadyPods("ztunnel") }).Should(BeZero())
		env.EventuallyPhase(v1.PhaseDegraded)
	})

	It("has what a maintainer needs, and none of what was planted", func(ctx SpecContext) {
		kubeconfig, requests := loggingProxy()
		code, files, errOut := runBugReport(ctx, kubeconfig)
		Expect(code).To(Equal(0), errOut)
		Expect(files).To(And(HaveKey("versions.yaml"), HaveKey("nodes.yaml"), HaveKey("meshes/managed-istio.yaml"), HaveKey("meshes/managed-istio-events.yaml"),
			HaveKey("meshes/managed-istio-plan.yaml"), HaveKey("meshes/managed-istio-managers.txt"), HaveKey("workloads/deployment-istiod.yaml"),
			HaveKey("workloads/daemonset-istio-cni-node-pods.yaml"), HaveKey("workloads/daemonset-ztunnel.yaml"), HaveKey("operator/gloo-operator.yaml"), HaveKey("operator/pods.yaml")))
		for _, name := range []string{"errors.txt", "cut.txt"} {
			Expect(files).NotTo(HaveKey(name))
		}
		var all strings.Builder
		for name, content := range files {
			fmt.Fprintln(&all, name, content)
		}
		for _, secret := range planted {
			Expect(all.String()).NotTo(ContainSubstring(secret))
			Expect(all.String()).NotTo(ContainSubstring(base64.StdEncoding.EncodeToString([]byte(secret))))
		}
		for _, address := range strings.Fields(env.Kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.addresses[?(@.type=='InternalIP')].address}")) {
			Expect(all.String()).NotTo(ContainSubstring(address + "\n"))
		}
		for _, request := range requests() {
			Expect(request).To(And(HavePrefix("GET "), Not(ContainSubstring("/secrets"))))
		}
	})

	It("keeps what does not come from users", func(ctx SpecContext) {
		kubeconfig, _ := loggingProxy()
		_, files, _ := runBugReport(ctx, kubeconfig, Name)
		Expect(files["versions.yaml"]).To(And(ContainSubstring("managed-istio:"), ContainSubstring("example.com/gloo-operator:v0"), ContainSubstring("kubernetes: v1.")))
		Expect(files["nodes.yaml"]).To(And(ContainSubstring("kubelet: v1."), ContainSubstring("ready: true")))
		Expect(files["meshes/managed-istio.yaml"]).To(And(ContainSubstring("trustDomain: '[redacted]'"), ContainSubstring("phase: DEGRADED"), ContainSubstring("example.com/note: '[redacted]'")))
		Expect(files["meshes/managed-istio-events.yaml"]).To(ContainSubstring("reason: "))
		Expect(files["meshes/managed-istio-plan.yaml"]).To(And(ContainSubstring("trustDomain: [redacted]"), ContainSubstring("defaultConfig:"),
			ContainSubstring("kind: DaemonSet"), ContainSubstring("docker.io/istio/ztunnel")))
		Expect(files["meshes/managed-istio-managers.txt"]).To(MatchRegexp(`DaemonSet +ztunnel +gloo-operator +Apply +\S+Z +\d+`))
		Expect(files["workloads/daemonset-ztunnel.yaml"]).To(And(ContainSubstring("numberReady: "), ContainSubstring("image: docker.io/istio/ztunnel"), Not(ContainSubstring("managedFields"))))
		Expect(files["workloads/daemonset-ztunnel-pods.yaml"]).To(And(ContainSubstring("ready: false"), ContainSubstring("type: ContainersReady"), Not(ContainSubstring("podIP"))))
		var logs []string
		for name, content := range files {
			if strings.HasPrefix(name, "logs/") {
				logs = append(logs, name)
				Expect(content).To(ContainSubstring("an ordinary line"))
			}
		}
		Expect(logs).To(ContainElements(HavePrefix("logs/istio-system_ztunnel-"), HavePrefix("logs/gloo-operator_gloo-operator-")))
		Expect(logs).NotTo(ContainElement(ContainSubstring("istio-cni")), "its pods are ready")
	})

	It("goes on without what the user may not read, with exit code 1", func(ctx SpecContext) {
		code, files, errOut := runBugReport(ctx, kubeconfigOf("reporter"))
		Expect(code).To(Equal(1), errOut)
		Expect(files).To(And(HaveKey("meshes/managed-istio.yaml"), HaveKey("versions.yaml"), Not(HaveKey("nodes.yaml"))))
		Expect(files["errors.txt"]).To(And(ContainSubstring("listing nodes: nodes is forbidden"), ContainSubstring("listing daemonsets in istio-system: "),
			ContainSubstring("reading ConfigMap gloo-extensions-config: "), ContainSubstring("left out, since values that have to be removed cannot be read")))
		Expect(errOut).To(ContainSubstring("not read: listing nodes"))
	})

	It("leaves out what may have values that it cannot read", func(ctx SpecContext) {
		env.Kubectl("create", "clusterrole", "sees-pods", "--verb=get,list", "--resource=pods,pods/log,daemonsets.apps,deployments.apps,nodes,events")
		kubeconfig := kubeconfigOf("partly")
		env.Kubectl("create", "clusterrolebinding", "sees-pods", "--clusterrole=sees-pods", "--serviceaccount=default:partly")
		_, files, _ := runBugReport(ctx, kubeconfig)
		Expect(files).To(And(HaveKey("workloads/deployment-istiod.yaml"), Not(HaveKey("meshes/managed-istio-plan.yaml"))))
		for _, content := range files {
			Expect(content).NotTo(Or(ContainSubstring("extension-planted-0z"), ContainSubstring("extension-annotation-planted")))
		}
		Expect(files["workloads/deployment-istiod.yaml"]).NotTo(ContainSubstring("containers:"))
	})

	It("writes nothing for a mesh that does not exist, or over a file, with exit code 2", func(ctx SpecContext) {
		code, files, errOut := runBugReport(ctx, env.Cluster.Kubeconfig(), "other")
		Expect(code).To(Equal(2))
		Expect(files).To(BeNil())
		Expect(errOut).To(ContainSubstring(`there is no ServiceMeshController "other"`))
		file := filepath.Join(GinkgoT().TempDir(), "there")
		Expect(os.WriteFile(file, []byte("keep"), 0o600)).To(Succeed())
		code, _, errOut = runBugReport(ctx, env.Cluster.Kubeconfig(), "--output", file)
		Expect(code).To(Equal(2))
		Expect(errOut).To(ContainSubstring("exists: remove it"))
		Expect(os.ReadFile(file)).To(BeEquivalentTo("keep"))
	})
})
