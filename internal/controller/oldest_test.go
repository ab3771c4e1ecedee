// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// createdAt is a resource with those finalizers.
func createdAt(second int64, name string, finalizers ...string) *v1.ServiceMeshController {
	smc := resource("", "")
	smc.Name, smc.CreationTimestamp, smc.Finalizers = name, metav1.NewTime(time.Unix(second, 0)), finalizers
	return smc
}

var _ = DescribeTable("Of two resources the first is", func(first, second *v1.ServiceMeshController) {
	Expect(before(first, second)).To(BeTrue())
	Expect(before(second, first)).To(BeFalse())
},
	Entry("the older one", createdAt(1, "b"), createdAt(2, "a")),
	Entry("the older one of two that have begun", createdAt(1, "b", v1.Finalizer), createdAt(2, "a", v1.Finalizer)),
	// Hardened: an older resource that could not be decoded is corrected | it seized the running mesh of a younger one
	Entry("the one that has begun, though it is younger", createdAt(2, "b", v1.Finalizer), createdAt(1, "a")),
	Entry("the one whose name comes first, of the same second", createdAt(1, "a"), createdAt(1, "b")),
)
