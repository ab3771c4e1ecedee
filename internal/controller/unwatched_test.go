// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = Describe("What no watch shows", func() {
	attachment := object.Object{GVK: schema.GroupVersionKind{Group: "k8s.cni.cncf.io", Version: "v1", Kind: "NetworkAttachmentDefinition"}, Name: "istio-cni"}
	config := object.Object{GVK: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Name: "istio"}

	It("is kept where the plan has it, or spec names it as a pull secret", func() {
		smc := resource("", "")
		smc.Spec.Image = &v1.Image{Secrets: []v1.LocalSecret{{Name: "b"}, {Name: "a"}, {Name: "b"}}}
		Expect(wantedUnwatched(smc, []object.Object{attachment, config})).To(Equal([]object.Key{
			attachment.Key(), object.SecretKey(v1.DefaultInstallNamespace, "a"), object.SecretKey(v1.DefaultInstallNamespace, "b")}))
	})

	It("is expected from the moment at which it may be made, each once", func() {
		m := &session{}
		m.expectUnwatched([]object.Key{attachment.Key()})
		m.expectUnwatched([]object.Key{config.Key(), attachment.Key()})
		Expect(m.unwatched).To(Equal([]object.Key{attachment.Key(), config.Key()}))
	})
})
