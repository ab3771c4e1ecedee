// SPDX-License-Identifier: Apache-2.0

package wording_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

func TestWording(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Wording")
}

// names are n names.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("name-%d", i+1)
	}
	return list
}

var _ = DescribeTable("A list", func(names []string, text string) {
	Expect(wording.List(names)).To(Equal(text))
},
	Entry("of none is empty", nil, ""),
	Entry("of one is its name", names(1), "name-1"),
	Entry("of twenty names them all", names(20), strings.Join(names(20), ", ")),
	// Hardened: a list of 3000 names in a message | all of them were written
	Entry("of more ends after twenty with a count", names(3000), strings.Join(names(20), ", ")+" and 2980 more"),
	Entry("cuts a name that is too long", []string{strings.Repeat("n", 300)}, strings.Repeat("n", 197)+"…"),
)

var _ = DescribeTable("A cut", func(text string, longest int, expected string) {
	Expect(wording.Truncate(text, longest)).To(Equal(expected))
},
	Entry("leaves what fits", "text", 4, "text"),
	Entry("shows where it is", "longer", 5, "lo…"),
	Entry("breaks no character", "aéééé", 7, "aé…"),
)

var _ = It("A status that fits has no message that is longer than the schema allows", func() {
	long := strings.Repeat("m", v1.MaxMessageLength+1)
	status := v1.ServiceMeshControllerStatus{
		Message: long, Conditions: []metav1.Condition{{Message: "short"}, {Message: long}},
		Components: []v1.ComponentStatus{{Message: long}},
		Rollout:    &v1.RolloutStatus{Progress: long}, Proposal: &v1.Proposal{Summary: long},
		FailedRollout: &v1.FailedRollout{Message: long},
	}
	fitted := wording.Fit(status)
	Expect(fitted.Conditions[0].Message).To(Equal("short"))
	for _, message := range []string{
		fitted.Message, fitted.Conditions[1].Message, fitted.Components[0].Message, fitted.Rollout.Progress,
		fitted.Proposal.Summary, fitted.FailedRollout.Message,
	} {
		Expect(message).To(HaveLen(v1.MaxMessageLength))
	}
	Expect(status.Message).To(Equal(long), "the status that was given stays as it is")
})
