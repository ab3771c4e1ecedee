// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// impersonate applies what the plan has, with another value in one field, in the
// operator's name: managedFields says of every field what it said before.
func (t target) impersonate(ctx context.Context, _ *unstructured.Unstructured, field leaf) error {
	object := t.live.DeepCopy()
	if err := set(object.Object, field.path, field.theirs); err != nil {
		return err
	}
	return env.API.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(v1.FieldManager), client.ForceOwnership)
}

var _ = Describe("What somebody applies in the operator's name", Ordered, ContinueOnFailure, func() {
	mesh := Sample("minimal.yaml")
	outcomes := map[string]outcome{}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		told := watchEvents()
		env.StartOperator()
		env.Install(mesh.DeepCopy())
		env.Settled()
		for _, t := range targetsOf(mesh) {
			m := manipulation{name: "applied in the operator's name", do: t.impersonate, told: func(string) []string {
				return []string{"reverted values (changed by " + v1.FieldManager + ")"}
			}}
			for name, result := range manipulate([]target{t}, []manipulation{m}, told) {
				outcomes[name] = result
			}
		}
	})

	for _, t := range targetsOf(mesh) {
		// Hardened: kubectl apply --server-side --field-manager=gloo-operator with other values | it stayed: only names of fields were compared
		It("is reverted by one request, and reported: "+t.name, func() {
			for _, err := range outcomes[t.name] {
				Expect(err).NotTo(HaveOccurred())
			}
			Expect(outcomes[t.name]).To(HaveLen(1))
		})
	}

	It("leaves nothing to do", func() {
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.ExpectQuiet(env.Settled(), Quiet)
	})
})
