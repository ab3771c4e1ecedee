// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
)

// docs/gitops.md: no ignoreDifferences are needed.
var _ = It("A GitOps tool that compares a manifest with the stored resource finds no difference", func() {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	Expect(err).NotTo(HaveOccurred())
	compared := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		manifest := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal(content, &manifest.Object)).To(Succeed())
		if manifest.GetKind() != "ServiceMeshController" {
			continue
		}
		compared++
		manifest.SetNamespace("") // The kind is cluster-scoped.
		admitted, err := admission.Admit(manifest)
		Expect(err).NotTo(HaveOccurred())
		live := admitted.Object
		Expect(live.Spec.OnConflict).NotTo(BeEmpty(), "it has the defaults")
		live.Finalizers, live.Status.Phase = []string{v1.Finalizer}, v1.PhaseSucceeded
		Expect(threeWayPatch(manifest, live)).To(MatchJSON("{}"), file)
	}
	Expect(compared).To(BeNumerically(">", 1))

	changed := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"version": "1.29.1"}}}
	Expect(threeWayPatch(changed, &v1.ServiceMeshController{})).To(MatchJSON(`{"spec":{"version":"1.29.1"}}`))
})

// threeWayPatch is what kubectl apply would send, and what Argo CD compares a custom resource by.
func threeWayPatch(manifest *unstructured.Unstructured, live *v1.ServiceMeshController) []byte {
	GinkgoHelper()
	applied, err := json.Marshal(manifest.Object)
	Expect(err).NotTo(HaveOccurred())
	stored, err := json.Marshal(live)
	Expect(err).NotTo(HaveOccurred())
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(applied, applied, stored)
	Expect(err).NotTo(HaveOccurred())
	return patch
}
