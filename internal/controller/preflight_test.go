// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// rollingOut is the status of a resource of which a version runs and another is rolled out.
func rollingOut(running, to string) v1.ServiceMeshControllerStatus {
	return v1.ServiceMeshControllerStatus{Version: running, Rollout: &v1.RolloutStatus{From: running, To: to}}
}

var _ = DescribeTable("A blocking finding", func(status v1.ServiceMeshControllerStatus, objects, warns bool) {
	Expect(started(status, "1.29.1", objects)).To(Equal(warns))
},
	Entry("stops an installation that has not begun", v1.ServiceMeshControllerStatus{}, false, false),
	Entry("stops an upgrade that has not begun", v1.ServiceMeshControllerStatus{Version: "1.28.2"}, true, false),
	Entry("stops a change to another version during a rollout", rollingOut("1.27.9", "1.28.2"), true, false),
	Entry("stops a change to another version during a first installation", rollingOut("", "1.28.2"), true, false),
	Entry("warns in a mesh that runs", v1.ServiceMeshControllerStatus{Version: "1.29.1"}, true, true),
	// Hardened: a blocking finding that arises while an upgrade rolls out | the upgrade froze half-way, with two versions running
	Entry("warns during the rollout of an upgrade, which goes on", rollingOut("1.28.2", "1.29.1"), true, true),
	// Hardened: a blocking finding that arises during a first installation | the installation froze half-way
	Entry("warns during a first installation, which goes on", rollingOut("", "1.29.1"), true, true),
	// Hardened: a blocking finding after the operator died before the first status was written | the installation froze half-way
	Entry("warns where objects of a first installation are there, and no status", v1.ServiceMeshControllerStatus{}, true, true),
	Entry("warns of a later step of an upgrade that has begun", v1.ServiceMeshControllerStatus{
		Version: "1.27.9", Rollout: &v1.RolloutStatus{From: "1.27.9", To: "1.28.2", Path: []string{"1.29.1"}},
	}, true, true),
	Entry("warns when a rollout is undone", rollingOut("1.29.1", "1.30.0"), true, true),
)

var _ = DescribeTable("The support of a version", func(version, day, want string) {
	now, err := time.Parse(time.DateOnly, day)
	Expect(err).NotTo(HaveOccurred())
	Expect(unsupported(version, now)).To(Equal(want))
},
	Entry("has not ended", "1.29.1", "2026-10-14", ""),
	Entry("has ended", "1.29.1", "2026-11-28", "Istio 1.29 is not supported since 2026-10-15"),
	Entry("has probably ended", "1.31.4", "2027-06-01", "Istio 1.31 is not supported since 2027-02-28 (expected)"),
	Entry("is not known", "1.99.0", "2036-01-01", ""),
)
