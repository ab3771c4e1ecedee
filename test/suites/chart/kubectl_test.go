// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/chart/loader"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	operatormanifest "github.com/gloo-operator/gloo-operator/hack/manifest"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// manifestObjects are the objects of a release's install.yaml.
func manifestObjects() []*unstructured.Unstructured {
	GinkgoHelper()
	loaded, err := loader.LoadDir(chartDir())
	Expect(err).NotTo(HaveOccurred())
	objects, err := operatormanifest.Objects(loaded)
	Expect(err).NotTo(HaveOccurred())
	return objects
}

// manifestFile writes a release's install.yaml, and returns the arguments of kubectl for it.
func manifestFile() []string {
	GinkgoHelper()
	content, err := operatormanifest.Encode(manifestObjects())
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "install.yaml")
	Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
	return []string{"-f", file}
}

func kustomization() []string { return []string{"-k", Repository("config/default")} }

// versionsOf are the generations of objects by kind and name, and the resource versions of those
// without one. Controllers write the status of the others.
func versionsOf(objects []*unstructured.Unstructured) map[string]any {
	GinkgoHelper()
	versions := map[string]any{}
	for _, object := range objects {
		found := object.DeepCopy()
		Expect(env.API.Get(ctx(), client.ObjectKeyFromObject(object), found)).To(Succeed(), object.GetKind())
		key := found.GetKind() + " " + found.GetName()
		versions[key] = found.GetResourceVersion()
		if generation := found.GetGeneration(); generation > 0 {
			versions[key] = generation
		}
	}
	return versions
}

var _ = Describe("Installed by kubectl", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { env = NewBare(ctx, func(o *cluster.Options) { o.Nodes = 2 }) })

	DescribeTable("changes nothing the second time, installs a mesh, and leaves nothing when it is deleted", func(from func() []string) {
		source, objects := from(), manifestObjects()
		apply := append([]string{"apply", "--server-side", "--validate=strict"}, source...)
		out := env.Kubectl(apply...)
		Expect(strings.Count(out, " serverside-applied")).To(Equal(len(objects)))
		Expect(out).NotTo(ContainSubstring("Warning"))
		env.Kubectl("rollout", "status", "-n", OperatorNamespace, "deployment/gloo-operator", "--timeout=240s")
		applied := versionsOf(objects)
		Expect(env.Kubectl(apply...)).To(Equal(out))
		Expect(versionsOf(objects)).To(Equal(applied))

		operator := LaunchOperator(env.OperatorConfig())
		DeferCleanup(operator.Stop)
		env.Install(Sample("minimal.yaml", Version("1.29.1")))
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		operator.Stop()

		env.Kubectl(append([]string{"delete", "--timeout=240s"}, source...)...)
		for _, object := range objects {
			err := env.API.Get(ctx(), client.ObjectKeyFromObject(object), object.DeepCopy())
			Expect(apierrors.IsNotFound(err)).To(BeTrue(), "%s %s: %v", object.GetKind(), object.GetName(), err)
		}
	},
		// Hardened: kubectl apply of install.yaml, or of config/default, once more | the operator's namespace was written each time
		Entry("from a release's install.yaml", manifestFile),
		Entry("from config/default", kustomization),
	)
})
