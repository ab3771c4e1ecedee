// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/admission"
	"github.com/gloo-operator/gloo-operator/test/harness/invalidinput"
)

var _ = Describe("Admission agrees with the API server about", func() {
	for _, c := range invalidinput.Refused() {
		if strings.Contains(c.Message, "cannot be changed") {
			continue // About a change: nothing is changed offline.
		}
		It(c.Name, func() {
			spec := map[string]any{"version": "1.29.1"}
			Expect(json.Unmarshal([]byte(c.Spec), &spec)).To(Succeed())
			object := mesh("{}")
			object.Object["spec"] = spec
			_, err := admission.Admit(object)
			Expect(err).To(MatchError(ContainSubstring(c.Message)))
		})
	}
})
