// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = Describe("What may not be read", func() {
	It("is known by the API server's last answer to the question", func() {
		d, at := newDenied(), source{gvk: object.Deployment.GVK, namespace: "a"}
		answered := d.of(at)
		Expect(d.has(at)).To(BeFalse())
		answered(apierrors.NewForbidden(schema.GroupResource{Resource: "deployments"}, "", errors.New("no right")))
		Expect(d.has(at)).To(BeTrue())
		Expect(d.has(source{gvk: object.Deployment.GVK, namespace: "b"})).To(BeFalse())
		answered(errors.New("connection refused"))
		Expect(d.has(at)).To(BeTrue(), "an API server that is away has not answered")
		answered(nil)
		Expect(d.has(at)).To(BeFalse())
	})
})
