// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The steps of an attempt", func() {
	index := func(name string) int {
		GinkgoHelper()
		i := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
		Expect(i).To(BeNumerically(">=", 0), name)
		return i
	}

	It("write nothing before the dry run and the approval", func() {
		first := slices.IndexFunc(steps, func(s step) bool { return s.effect == writes })
		Expect(first).To(BeNumerically(">", index("dry run")))
		Expect(first).To(BeNumerically(">", index("check the approval")))
		for _, s := range steps[first:] {
			Expect(s.effect).To(Equal(writes), s.name)
		}
	})

	It("restore nothing but what the operator needs to read the cluster", func() {
		restoring := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.effect != restores })
		Expect(restoring).To(HaveLen(1))
		Expect(restoring[0].name).To(Equal("enter the install namespace"))
	})

	It("write and restore nothing while the mesh is paused", func() {
		paused, active := &attempt{paused: true}, &attempt{}
		for _, s := range steps {
			if s.effect == writes || s.effect == restores {
				Expect(s.applies(paused)).To(BeFalse(), s.name)
				Expect(s.applies(active)).To(BeTrue(), s.name)
			}
		}
	})
})

var _ = It("One worker reconciles, since a session has no lock", func() {
	Expect(workers).To(Equal(1))
})
