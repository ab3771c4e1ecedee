// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

// aliases is a section with aliases of one long text, as many as stand for gibibytes.
func aliases(indent string) string {
	return indent + "a: &a " + strings.Repeat("x", 190<<10) + "\n" + indent + "b: [" + strings.Repeat("*a,", 2400) + "*a]\n"
}

// nested are sections in sections, which takes gibibytes to indent.
func nested() string { return strings.Repeat("{a: ", 9000) + "b" + strings.Repeat("}", 9000) }

// withText is an input whose values have a text at that path.
func withText(text string, path ...string) plan.Input {
	var value any = text
	for i := len(path) - 1; i >= 0; i-- {
		value = tree{path[i]: value}
	}
	return inputOf(withValues(encode(value)))
}

func encode(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// traced is an input whose mesh configuration has that address of a tracer, a text that
// istiod's chart reads as YAML.
func traced(address string) plan.Input {
	lightstep := tree{"lightstep": tree{"address": address}}
	return inputOf(withValues(encode(tree{"global": tree{"proxy": tree{"tracer": "lightstep"}, "tracer": lightstep}})))
}

var _ = DescribeTable("What stands for gibibytes is refused in little memory:", func(prepare func() plan.Input, reason, message string) {
	input := prepare()
	build(inputOf()) // What any plan takes is not counted.
	var err error
	Expect(memory.Peak(func() { _, err = shared.Build(input) })).To(BeNumerically("<", memory.Limit))
	Expect(causes).To(HaveKey(reason))
	Expect(causes[reason](err)).To(BeTrue(), "%v", err)
	Expect(err).To(MatchError(ContainSubstring(message)))
	Expect(len(err.Error())).To(BeNumerically("<", 500))
},
	// Hardened: 248 KB of values.istiod with YAML aliases of one long text | the operator took 3.3 GiB and was killed
	Entry("aliases in gloo-extensions-config are refused by the bytes that they stand for (InvalidExtensions)", func() plan.Input {
		input := inputOf()
		input.Extensions = map[string]string{"values.istiod": aliases("")}
		return input
	}, v1.ReasonInvalidExtensions, "YAML aliases that stand for more than"),
	// Hardened: 210 KB of spec.values with a text that becomes YAML aliases in a manifest | the operator took 2.1 GiB and was killed
	Entry("aliases that a text makes in a rendered manifest are refused (InvalidValues)", func() plan.Input {
		return withText("b\n"+aliases("  ")+"  c: d", "cni", "cniConfFileName")
	}, v1.ReasonInvalidValues, "it has YAML aliases"),
	// Hardened: spec.values with a text that istiod's chart reads as YAML with aliases | the operator took gibibytes and was killed
	Entry("aliases that a template reads are stopped in a process of their own (ChartRenderingStopped)", func() plan.Input {
		return traced("x\n" + aliases("          "))
	}, v1.ReasonChartStopped, "needs more than 256 MiB of memory"),
	// Hardened: spec.values with a text of thousands of nested sections that istiod's chart reads | the operator took gibibytes
	Entry("sections that a template indents without end are stopped in a process of their own (ChartRenderingStopped)", func() plan.Input {
		return traced(nested())
	}, v1.ReasonChartStopped, ""),
	// Hardened: spec.values with a text of thousands of nested lists around words that are wrapped | the operator took gibibytes
	Entry("lists that a template indents without end are stopped in a process of their own (ChartRenderingStopped)", func() plan.Input {
		return traced("\n            " + strings.Repeat("- ", 4500) + strings.Repeat("word ", 40_000))
	}, v1.ReasonChartStopped, ""),
	// Hardened: a chart archive under 1 KiB whose values.yaml has YAML aliases | the operator took 4 GiB and was killed
	Entry("aliases in the values.yaml of an archive are refused in a process of their own (ChartInvalid)", func() plan.Input {
		files := charttest.Files("1.29.1", "istiod", elsewhere)
		files["values.yaml"] = aliases("")
		input := fetched("", nil)
		input.Archives["istiod"] = charttest.Pack("istiod", files)
		return input
	}, v1.ReasonChartInvalid, "values.yaml: it has YAML aliases"),
)

var _ = DescribeTable("A rendering without line breaks says", func(cause error, want bool) {
	Expect(plan.RenderInterrupted(fmt.Errorf("rendering chart istiod: %w", cause))).To(Equal(want))
},
	Entry("nothing of the values where it could not be started", &helm.StartError{Cause: errors.New("no")}, true),
	Entry("nothing of the values where it was stopped", &helm.StoppedError{}, true),
	Entry("that they are wrong where it fails", errors.New("no"), false),
)
