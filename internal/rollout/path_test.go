// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// known has two releases of 1.27, the newer one first, none of 1.30, and a name that is no
// version.
var known = []string{"latest", "1.26.2", "1.27.9", "1.27.3", "1.28.2", "1.29.1", "1.31.0"}

func question(running, reached, wanted string, allow bool) PathRequest {
	return PathRequest{Running: running, Reached: reached, Wanted: wanted, Known: known, AllowDowngrade: allow}
}

var _ = DescribeTable("A path", func(q PathRequest, path ...string) {
	Expect(Path(q)).To(Equal(path))
},
	Entry("of a first installation is the version", question("", "", "1.29.1", false), "1.29.1"),
	Entry("to what runs is that", question("1.29.1", "", "1.29.1", false), "1.29.1"),
	Entry("within a minor version is direct", question("1.27.3", "", "1.27.9", false), "1.27.9"),
	Entry("back within a minor version is direct", question("1.27.9", "", "1.27.3", false), "1.27.3"),
	Entry("to the next minor version is direct", question("1.27.3", "", "1.28.2", false), "1.28.2"),
	Entry("over minor versions goes through the newest of each", question("1.26.2", "", "1.29.1", false), "1.27.9", "1.28.2", "1.29.1"),
	Entry("to a version that is not known goes through those that are", question("1.27.9", "", "1.29.77", false), "1.28.2", "1.29.77"),
	Entry("back a minor version is direct where that is allowed", question("1.28.2", "", "1.27.3", true), "1.27.3"),
	Entry("back over minor versions goes through the newest of each", question("1.29.1", "", "1.26.2", true), "1.28.2", "1.27.9", "1.26.2"),
	Entry("goes on with a rollout that is under way", question("1.26.2", "1.27.9", "1.29.1", false), "1.27.9", "1.28.2", "1.29.1"),
	Entry("back from a rollout that is under way is direct", question("1.27.9", "1.28.2", "1.27.9", false), "1.27.9"),
	Entry("further back first undoes a rollout that is under way", question("1.27.9", "1.28.2", "1.26.2", true), "1.27.9", "1.26.2"),
	Entry("forth again first undoes a rollout that goes back", question("1.27.9", "1.26.2", "1.28.2", false), "1.27.9", "1.28.2"),
	Entry("within the minor version of a rollout is direct", question("1.26.2", "1.27.3", "1.27.9", false), "1.27.9"),
	Entry("from the minor version of a rollout to the next is direct", question("1.27.3", "1.27.9", "1.28.2", false), "1.28.2"),
	Entry("between the versions of a rollout first undoes it", question("1.27.9", "1.26.2", "1.27.3", false), "1.27.9", "1.27.3"),
	Entry("of what has no order is direct", question("latest", "", "1.28.2", false), "1.28.2"),
)

var _ = Describe("No path", func() {
	It("leads to an older minor version that nobody has allowed", func() {
		_, err := Path(question("1.28.2", "", "1.27.9", false))
		Expect(err).To(BeAssignableToTypeOf(&DowngradeError{}))
		Expect(err).To(MatchError(And(ContainSubstring("1.28.2"), ContainSubstring("1.27.9"), ContainSubstring("spec.upgrade.allowDowngrade"))))
	})

	It("leads over a minor version of which no release is known", func() {
		_, err := Path(question("1.28.2", "", "1.31.0", false))
		Expect(err).To(Equal(&GapError{From: "1.28.2", To: "1.31.0", Missing: "1.30"}))
		Expect(err).To(MatchError(And(ContainSubstring("a release of 1.30"), ContainSubstring("spec.repository"))))
	})

	It("asks for a repository where one is set", func() {
		request := question("1.28.2", "", "1.31.0", false)
		request.Fetchable = true
		_, err := Path(request)
		Expect(err).To(MatchError(And(ContainSubstring("a release of 1.30"), Not(ContainSubstring("spec.repository")))))
	})

	It("leads back over one either", func() {
		_, err := Path(question("1.31.0", "", "1.29.1", true))
		Expect(err).To(Equal(&GapError{From: "1.31.0", To: "1.29.1", Missing: "1.30"}))
	})

	It("leads to another major version", func() {
		_, err := Path(question("1.31.0", "", "2.0.0", true))
		Expect(err).To(Equal(&GapError{From: "1.31.0", To: "2.0.0"}))
		Expect(err).To(MatchError(ContainSubstring("another major version")))
	})
})

var _ = DescribeTable("An older version", func(a, b string, older bool) {
	Expect(OlderVersion(a, b)).To(Equal(older))
},
	Entry("is older", "1.9.1", "1.29.1", true),
	Entry("is not the newer", "1.29.1", "1.9.1", false),
	Entry("is not the same", "1.29.1", "1.29.1", false),
	Entry("is not what is no version", "", "1.29.1", false),
)
