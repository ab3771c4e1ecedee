// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = It("The message about a workload that is left alone holds the command that ends that", func() {
	key := object.Key{Namespace: "istio-system", Name: "istiod"}
	key.GVK.Kind = "Deployment"
	Expect(ignoredMessage(key, "1.29.1")).To(And(
		ContainSubstring("kubectl annotate -n istio-system Deployment/istiod "+v1.IgnoreAnnotation+"-"), WithTransform(func(m string) int { return len(m) }, BeNumerically("<", 200))))
})
