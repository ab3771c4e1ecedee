// SPDX-License-Identifier: Apache-2.0

package olm

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/chart/loader"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

func TestBundle(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The bundle for OLM")
}

// source is the chart of this tree as a version.
func source(version string) Source {
	GinkgoHelper()
	loaded, err := loader.LoadDir("../../../charts/gloo-operator")
	Expect(err).NotTo(HaveOccurred())
	loaded.Metadata.Version, loaded.Metadata.AppVersion = strings.TrimPrefix(version, "v"), version
	return Source{Chart: loaded, Icon: []byte("<svg/>"), Created: time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)}
}

func divided() (all []*unstructured.Unstructured, of parts) {
	GinkgoHelper()
	all, err := manifest.ObjectsFor(source("v0.1.0").Chart, manifest.WithoutPolicies)
	Expect(err).NotTo(HaveOccurred())
	return all, divide(all)
}

func kinds(objects []*unstructured.Unstructured) []string {
	var all []string
	for _, object := range objects {
		all = append(all, object.GetKind())
	}
	return all
}

var _ = Describe("The bundle", func() {
	It("and its prerequisites have each object of the chart once", func() {
		all, of := divided()
		Expect(len(of.install) + len(of.bundled) + len(of.prerequisites)).To(Equal(len(all)))
		Expect(kinds(of.install)).To(ConsistOf("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Deployment"))
	})

	It("has only what OLM creates, where it creates it", func() {
		_, of := divided()
		Expect(kinds(of.bundled)).To(HaveEach(BeElementOf(bundledKinds)))
		Expect(of.bundled).To(HaveEach(HaveField("GetNamespace()", BeEmpty())))
		Expect(kinds(of.prerequisites)).To(ContainElements("Namespace", "NetworkPolicy", "RoleBinding"))
	})

	It("gives no permission that only an admission policy limits", func() {
		files, err := Files(source("v0.1.0"))
		Expect(err).NotTo(HaveOccurred())
		for name, content := range files {
			Expect(string(content)).NotTo(ContainSubstring("ValidatingAdmissionPolicy"), name)
		}
		_, of := divided()
		role, err := only(of.install, "ClusterRole")
		Expect(err).NotTo(HaveOccurred())
		for _, rule := range role.Object["rules"].([]any) {
			Expect(rule).NotTo(And(HaveKeyWithValue("resourceNames", ContainElement("gloo-operator-namespaced")), HaveKeyWithValue("verbs", ContainElement("bind"))))
			Expect(rule).NotTo(And(HaveKeyWithValue("resources", ContainElement("namespaces")), HaveKeyWithValue("verbs", ContainElement("create"))))
		}
	})

	It("has the version, and the channel of it", func() {
		files, err := Files(source("v0.1.0"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(files[CSVFile])).To(And(ContainSubstring("name: gloo-operator.v0.1.0\n"), ContainSubstring("image: ghcr.io/gloo-operator/gloo-operator:v0.1.0\n")))
		Expect(string(files[Dockerfile])).To(ContainSubstring("channels.v1=stable\n"))
		files, err = Files(source("v0.2.0-rc.1"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(files[Dockerfile])).To(ContainSubstring("channels.v1=candidate\n"))
	})

	It("is not made of a chart without examples", func() {
		s := source("v0.1.0")
		delete(s.Chart.Metadata.Annotations, hubExamples)
		_, err := Files(s)
		Expect(err).To(MatchError(errNoExample))
	})
})
