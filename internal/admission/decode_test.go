// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/admission"
)

// draws is how many objects are drawn at random.
const draws = 2_000

// numbers and texts are where types of a schema and of Go may disagree.
var (
	numbers = []any{
		int64(0), int64(1), int64(-1), int64(math.MaxInt32), int64(math.MaxInt32) + 1, int64(math.MinInt32), int64(math.MinInt32) - 1,
		int64(3_000_000_000), int64(math.MaxInt64), int64(math.MinInt64), 1.0, 1.5, 3e9, 9.3e18, 1e19, 1e21, 1e300,
	}
	texts = []any{
		"", "a", "1.29.1", "true", "-1", "3000000000", "0%", "100%", "101%", "0", "0s", "10m", "1h30m", "8760h", "8761h", "9999999h", "2562048h",
		"525600m", "31536000s", "99999999s", "99999999s99999999s99999999s", "9999h9999h9999h9999h9999h", "0.0000000000000000000000001h", "1.h", "-5s",
		"1ns", "1h1h", "999999h59m59s", "1000000h0m0s", "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05,5Z",
		"2026-01-02T03:04:05x5Z", "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05+99:99", "2026-01-02T24:00:00Z", "2026-01-02T23:59:60Z",
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-01-02", strings.Repeat("a", 63), "oci://a", "name",
	}
	others = []any{nil, true, []any{}, map[string]any{}, []any{nil}, map[string]any{"name": nil}}
)

// edge draws a value that a field could be given.
func edge(random *rand.Rand, schema *structuralschema.Structural) any {
	pick := func(values []any) any { return values[random.IntN(len(values))] }
	if random.IntN(20) == 0 {
		return pick(slices.Concat(numbers, texts, others))
	}
	if schema.ValueValidation != nil && len(schema.ValueValidation.Enum) > 0 {
		return schema.ValueValidation.Enum[random.IntN(len(schema.ValueValidation.Enum))].Object
	}
	switch {
	case schema.XIntOrString:
		return pick(slices.Concat(numbers, texts))
	case schema.Type == "integer", schema.Type == "number":
		return pick(numbers)
	case schema.Type == "string":
		return pick(texts)
	case schema.Type == "boolean":
		return random.IntN(2) == 0
	case schema.Type == "array":
		items := make([]any, random.IntN(3))
		for i := range items {
			items[i] = edge(random, schema.Items)
		}
		return items
	default:
		return object(random, schema)
	}
}

// object draws an object with what is required and some of the rest.
func object(random *rand.Rand, schema *structuralschema.Structural) map[string]any {
	drawn := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		required := schema.ValueValidation != nil && slices.Contains(schema.ValueValidation.Required, name)
		if required || random.IntN(3) == 0 {
			drawn[name] = edge(random, &property)
		}
	}
	return drawn
}

// leaves lists the paths of all fields below a schema, without those of lists.
func leaves(schema *structuralschema.Structural, at []string) [][]string {
	var paths [][]string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property, path := schema.Properties[name], append(slices.Clone(at), name)
		paths = append(append(paths, path), leaves(&property, path)...)
	}
	return paths
}

// full has every section, so that a single field may be set in it.
const full = `{"version":"1.29.1","upgrade":{},"image":{},"repository":{"url":"oci://a"}}`

const fullStatus = `{"rollout":{"to":"1.29.1","startTime":"2026-01-02T03:04:05Z"},"proposal":{"version":"1.29.1","digest":"a"},` +
	`"failedRollout":{"generation":1,"version":"1.29.1"},"environment":{},` +
	`"history":[{"time":"2026-01-02T03:04:05Z","to":"1.29.1","result":"Succeeded","duration":"1m0s"}]}`

// whole is a resource with every section.
func whole() *unstructured.Unstructured {
	GinkgoHelper()
	smc := mesh(full)
	status := map[string]any{}
	Expect(json.Unmarshal([]byte(fullStatus), &status)).To(Succeed())
	status["failedRollout"].(map[string]any)["generation"] = int64(1)
	smc.Object["status"] = status
	return smc
}

// decoded decodes what the API server would send, and reports whether it would store it.
func decoded(smc *unstructured.Unstructured) (admitted bool, problem string) {
	GinkgoHelper()
	stored, err := admission.Stored(smc)
	if err != nil {
		return false, ""
	}
	content, err := json.Marshal(stored.Object)
	Expect(err).NotTo(HaveOccurred())
	typed := &v1.ServiceMeshController{}
	if err := json.Unmarshal(content, typed); err != nil {
		return true, err.Error()
	}
	return true, typed.DecodeError
}

// Conditions are left out: their schema is Kubernetes' own, and takes a list for a time.
var _ = Describe("Whatever the schema admits", func() {
	schema, err := admission.LoadSchema()
	if err != nil {
		panic(err)
	}

	// Hardened: upgrade.timeout: 9999999h | the API server took it and no client could decode it
	It("can be decoded, with each field at each of its edges", func() {
		admitted := 0
		for _, path := range slices.Concat(
			leaves(ptr(schema.Properties["spec"]), []string{"spec"}), leaves(ptr(schema.Properties["status"]), []string{"status"})) {
			for _, value := range slices.Concat(numbers, texts, others) {
				smc := whole()
				if unstructured.SetNestedField(smc.Object, runtime.DeepCopyJSONValue(value), path...) != nil {
					continue // Below a list: drawn at random.
				}
				taken, problem := decoded(smc)
				Expect(problem).To(BeEmpty(), "%v: %v", path, value)
				if taken {
					admitted++
				}
			}
		}
		Expect(admitted).To(BeNumerically(">", 500))
	})

	// Hardened: upgrade.maxUnavailableNodes: 3000000000 | the API server took it and no client could decode it
	It("can be decoded, with fields drawn at random", func() {
		seed := uint64(GinkgoRandomSeed())
		random, admitted := rand.New(rand.NewPCG(seed, seed)), 0
		for range draws {
			smc := whole()
			section := []string{"spec", "status"}[random.IntN(2)]
			property := schema.Properties[section]
			for name, field := range property.Properties {
				if random.IntN(4) == 0 && name != "conditions" {
					smc.Object[section].(map[string]any)[name] = edge(random, &field)
				}
			}
			taken, problem := decoded(smc)
			Expect(problem).To(BeEmpty(), "seed %d: %v", seed, smc.Object)
			if taken {
				admitted++
			}
		}
		Expect(admitted).To(BeNumerically(">", 100))
	})
})

func ptr[T any](value T) *T { return &value }
