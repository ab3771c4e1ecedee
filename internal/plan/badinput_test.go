// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/harness/invalidinput"
)

// causes tells for each reason which error leads to it.
var causes = map[string]func(error) bool{
	v1.ReasonUnknownVersion:    isA[*istio.UnknownVersionError],
	v1.ReasonInvalidExtensions: isA[*plan.ExtensionsError],
	v1.ReasonReservedValue:     isA[*plan.ReservedError],
	v1.ReasonUnexpectedObject:  isA[*plan.UnexpectedObjectError],
	v1.ReasonValuesTooLarge:    plan.TooLarge,
	v1.ReasonObjectNotAllowed:  isA[*plan.OutsideError],
	v1.ReasonChartInvalid:      isA[*helm.ArchiveError],
	v1.ReasonChartStopped:      isA[*helm.StoppedError],
	v1.ReasonInvalidValues:     isA[*plan.InvalidValuesError],
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// inputOfCase is a bad input as the operator meets it.
func inputOfCase(c invalidinput.Case) plan.Input {
	input := inputOf()
	if c.Spec != "" {
		if err := json.Unmarshal([]byte(c.Spec), &input.Spec); err != nil {
			panic(err)
		}
	}
	input.Extensions = map[string]string{}
	for key, text := range c.Extensions {
		input.Extensions[key] = text
	}
	for key, content := range c.Binary {
		input.Extensions[key] = string(content)
	}
	return input
}

var _ = Describe("Bad input", func() {
	for _, c := range invalidinput.Offline() {
		name := c.Name
		if len(name) > 120 {
			name = name[:120] + "…"
		}
		It("is told from good: "+name, func() {
			built, err := shared.Build(inputOfCase(c))
			cause, offline := causes[c.Reason]
			if !offline {
				Expect(err).NotTo(HaveOccurred()) // The cluster tells.
				Expect(built.Components).NotTo(BeEmpty())
				return
			}
			Expect(cause(err)).To(BeTrue(), "%v", err)
			Expect(err.Error()).To(ContainSubstring(c.Message))
			Expect(err.Error()).NotTo(ContainSubstring(invalidinput.Marker))
			Expect(len(err.Error())).To(BeNumerically("<", 2000))
		})
	}
})
