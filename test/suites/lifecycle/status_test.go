// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// runStatus runs gloo-operator status with a kubeconfig, and returns its exit code.
func runStatus(ctx context.Context, kubeconfig string, out, errOut io.Writer, arguments ...string) int {
	root := cli.NewRoot()
	root.SetArgs(append([]string{"status", "--kubeconfig", kubeconfig}, arguments...))
	root.SetOut(out)
	root.SetErr(errOut)
	return cli.Execute(ctx, root)
}

// kubeconfigOf is a kubeconfig of a new ServiceAccount that may read ServiceMeshControllers, and
// nothing else.
func kubeconfigOf(account string) string {
	GinkgoHelper()
	env.Kubectl("create", "serviceaccount", account)
	env.Kubectl("create", "clusterrole", account, "--verb=get,list", "--resource=servicemeshcontrollers.operator.gloo.solo.io")
	env.Kubectl("create", "clusterrolebinding", account, "--clusterrole="+account, "--serviceaccount=default:"+account)
	config, err := clientcmd.LoadFromFile(env.Cluster.Kubeconfig())
	Expect(err).NotTo(HaveOccurred())
	for name := range config.AuthInfos {
		config.AuthInfos[name] = &api.AuthInfo{Token: strings.TrimSpace(env.Kubectl("create", "token", account))}
	}
	file := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, file)).To(Succeed())
	return file
}

var _ = Describe("gloo-operator status", Ordered, func() {
	status := func(ctx context.Context, arguments ...string) (code int, out, errOut string) {
		var stdout, stderr bytes.Buffer
		code = runStatus(ctx, env.Cluster.Kubeconfig(), &stdout, &stderr, arguments...)
		return code, stdout.String(), stderr.String()
	}

	BeforeAll(func(ctx SpecContext) { env = NewBare(ctx, func(o *cluster.Options) { o.Nodes = 2 }) })

	It("says what is missing, with exit code 2", func(ctx SpecContext) {
		code, _, errOut := status(ctx)
		Expect(code).To(Equal(2))
		Expect(errOut).To(ContainSubstring("the cluster has no CRD of ServiceMeshControllers: install the operator's Helm chart first"))
		env.Authorize(ctx)
		code, _, errOut = status(ctx)
		Expect(code).To(Equal(2))
		Expect(errOut).To(ContainSubstring("there is no ServiceMeshController: apply one"))
		code, _, errOut = status(ctx, "other")
		Expect(code).To(Equal(2))
		Expect(errOut).To(ContainSubstring(`"other" not found`))
	})

	It("says that the operator does not run, with exit code 1", func(ctx SpecContext) {
		env.Create(Sample("minimal.yaml"))
		code, out, _ := status(ctx)
		Expect(code).To(Equal(1))
		Expect(out).To(And(ContainSubstring("UNKNOWN"), ContainSubstring("kubectl get pods --namespace gloo-operator")))
	})

	Context("with an operator", func() {
		BeforeAll(func() { env.StartOperator() })

		It("shows a mesh that is complete, with exit code 0", func(ctx SpecContext) {
			env.EventuallyPhase(v1.PhaseSucceeded)
			code, out, errOut := status(ctx, Name)
			Expect(code).To(Equal(0), errOut)
			Expect(out).To(And(HavePrefix("managed-istio  SUCCEEDED  Istio "), ContainSubstring("nodes ready: 2 of 2"),
				MatchRegexp(`\nztunnel +\S+ +2/2`), ContainSubstring("\nLast changes:\n")))
			code, out, _ = status(ctx, "--output", "json")
			Expect(code).To(Equal(0))
			var meshes []struct{ Phase string }
			Expect(json.Unmarshal([]byte(out), &meshes)).To(Succeed())
			Expect(meshes).To(HaveExactElements(HaveField("Phase", "SUCCEEDED")))
		})

		It("is for users who may read nothing else", func(ctx SpecContext) {
			var out, errOut bytes.Buffer
			Expect(runStatus(ctx, kubeconfigOf("reader"), &out, &errOut)).To(Equal(0), errOut.String())
			Expect(out.String()).To(ContainSubstring("nodes not shown: you may not list them"))
		})

		It("follows a change until it is interrupted", func(ctx SpecContext) {
			watching, interrupt := context.WithCancel(ctx)
			defer interrupt()
			out, ended := gbytes.NewBuffer(), make(chan int)
			kubeconfig := env.Cluster.Kubeconfig()
			go func() { ended <- runStatus(watching, kubeconfig, out, io.Discard, "--watch") }()
			Eventually(out).Should(gbytes.Say("SUCCEEDED"))
			release := env.Hold(cluster.Behavior{Selector: map[string]string{"k8s-app": "istio-cni-node"}, Mode: cluster.Unready})
			env.Patch(`{"spec":{"values":{"cni":{"ambient":{"ipv6":false}}}}}`)
			Eventually(out).Should(gbytes.Say("UPGRADING"))
			code, _, _ := status(ctx)
			Expect(code).To(Equal(1))
			release()
			Eventually(out).Should(gbytes.Say("SUCCEEDED"))
			interrupt()
			Eventually(ended).Should(Receive(Equal(0)))
		})
	})
})
