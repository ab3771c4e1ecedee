// SPDX-License-Identifier: Apache-2.0

package v1_test

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "API")
}

// resource is a stored resource with these fields of spec and of status.
func resource(spec, status string) string {
	return `{"apiVersion":"operator.gloo.solo.io/v1","kind":"ServiceMeshController","metadata":{"name":"mesh","uid":"u",` +
		`"finalizers":["f"],"deletionTimestamp":"2026-01-02T03:04:05Z"},"spec":{"version":"1.29.1","installNamespace":"mesh"` + spec +
		`},"status":{"phase":"SUCCEEDED","version":"1.29.1"` + status + `}}`
}

var _ = DescribeTable("A stored resource", func(spec, status, problem string) {
	var list v1.ServiceMeshControllerList
	Expect(json.Unmarshal([]byte(`{"items":[`+resource(spec, status)+`,`+resource("", "")+`]}`), &list)).To(Succeed())
	broken, good := list.Items[0], list.Items[1]
	Expect(broken.DecodeError).To(Equal(problem))
	Expect(good.DecodeError).To(BeEmpty())

	broken.DecodeError, broken.Spec.Upgrade, broken.Status.History = "", nil, nil
	Expect(broken).To(Equal(good), "what its removal needs is there")
},
	Entry("is decoded as a whole", "", "", ""),
	// Hardened: a list of resources with one that cannot be decoded | none of the list could be read
	Entry("is decoded but for a timeout that does not fit", `,"upgrade":{"timeout":"9999999h","onFailure":"Hold"}`, "",
		"spec.upgrade is not what this operator can read"),
	Entry("is decoded but for a number that does not fit", `,"upgrade":{"maxUnavailableNodes":3000000000}`, "",
		"spec.upgrade is not what this operator can read"),
	Entry("is decoded but for what is of other types, and names all of it", `,"upgrade":[],"image":"secret","cluster":1`, `,"history":{}`,
		"spec.cluster is not what this operator can read; spec.image is not what this operator can read; "+
			"spec.upgrade is not what this operator can read; status.history is not what this operator can read"),
)

var _ = It("A resource without a spec that is an object is decoded without one", func() {
	smc := v1.ServiceMeshController{}
	Expect(json.Unmarshal([]byte(`{"metadata":{"name":"mesh"},"spec":"secret"}`), &smc)).To(Succeed())
	Expect(smc.Name).To(Equal("mesh"))
	Expect(smc.DecodeError).To(Equal("spec is no object"))
})

var _ = It("What is no resource is an error", func() {
	Expect(json.Unmarshal([]byte(`[]`), &v1.ServiceMeshController{})).NotTo(Succeed())
})
