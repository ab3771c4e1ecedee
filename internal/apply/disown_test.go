// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = DescribeTable("Disowning an object", func(labels map[string]string, entries []metav1.ManagedFieldsEntry, expected string) {
	seen := liveObject(entries...)
	seen.ResourceVersion, seen.Labels = "7", labels
	Expect(json.Marshal(disowning(seen))).To(MatchJSON(`[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},` + expected + `]`))
},
	Entry("removes both labels and what it owns, and no other manager's",
		map[string]string{v1.OwnerLabel: "mesh", v1.ComponentLabel: "gateway-api", "other": "o"},
		[]metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, `{"f:a":{}}`), entry("helm", updated, 10_000, `{"f:b":{}}`), entry(v1.FieldManager, updated, 0, `{"f:c":{}}`)},
		`{"op":"remove","path":"/metadata/labels/operator.gloo.solo.io~1owner"},{"op":"remove","path":"/metadata/labels/operator.gloo.solo.io~1component"},
		{"op":"replace","path":"/metadata/managedFields","value":[
			{"manager":"helm","operation":"Update","apiVersion":"v1","time":"1970-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:b":{}}}]}`),
	Entry("removes no label that is not there", map[string]string{v1.OwnerLabel: "mesh"}, nil,
		`{"op":"remove","path":"/metadata/labels/operator.gloo.solo.io~1owner"},{"op":"replace","path":"/metadata/managedFields","value":[{}]}`),
)

var _ = Describe("Disown", func() {
	It("sends nothing for an object that the cache shows as it was before, and again when it is another", func(ctx SpecContext) {
		client := fake.NewSimpleMetadataClient(fake.NewTestScheme())
		sent := 0
		client.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
			sent++
			return true, nil, nil
		})
		crd := owned(object.CustomResourceDefinition, "crd", nil)
		crd.Object.SetUID("1")
		crd.Object.SetResourceVersion("7")
		a := &Applier{client: client, records: map[object.Key]record{}, disowned: map[types.UID]string{}}
		Expect(a.Disown(ctx, []Owned{crd})).To(HaveLen(1))
		a.Retain(nil, []Owned{crd})
		Expect(a.Disown(ctx, []Owned{crd})).To(BeEmpty())
		Expect(sent).To(Equal(1))
		crd.Object.SetResourceVersion("9")
		Expect(a.Disown(ctx, []Owned{crd})).To(HaveLen(1))
		a.Retain(nil, nil)
		Expect(a.disowned).To(BeEmpty(), "the cache no longer shows it as the operator's")
	})
})
