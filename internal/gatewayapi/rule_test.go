// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
)

func ours(version string) gatewayapi.Installed {
	return gatewayapi.Installed{Name: "gateways", Version: version, Channel: "standard", Owned: true}
}

func somebodys(version, channel string) gatewayapi.Installed {
	return gatewayapi.Installed{Name: "httproutes", Version: version, Channel: channel}
}

var _ = DescribeTable("v1.4.0 is installed", func(installed []gatewayapi.Installed) {
	Expect(gatewayapi.Decide("", "v1.4.0", installed)).To(BeTrue(), "where spec is of an older CRD")
	Expect(gatewayapi.Decide(v1.GatewayAPIAuto, "v1.4.0", installed)).To(BeTrue())
	Expect(gatewayapi.Decide(v1.GatewayAPIManage, "v1.4.0", installed)).To(BeTrue())
	Expect(gatewayapi.Decide(v1.GatewayAPIIgnore, "v1.4.0", installed)).To(BeFalse())
},
	Entry("where nothing is", nil),
	Entry("where ours is older", []gatewayapi.Installed{ours("v1.3.0")}),
	Entry("where ours is older by more than a digit", []gatewayapi.Installed{ours("v1.3.10")}),
	Entry("where ours is the same", []gatewayapi.Installed{ours("v1.4.0")}),
	Entry("where ours is half older", []gatewayapi.Installed{ours("v1.3.0"), ours("v1.4.0")}),
	Entry("where ours has no version", []gatewayapi.Installed{ours("")}),
)

var _ = DescribeTable("v1.4.0 is not installed", func(installed ...gatewayapi.Installed) {
	Expect(gatewayapi.Decide(v1.GatewayAPIAuto, "v1.4.0", installed)).To(BeFalse())
},
	Entry("where ours is newer", ours("v1.10.0")),
	Entry("where one of ours is newer", ours("v1.3.0"), ours("v1.6.0")),
	Entry("where somebody's is older", somebodys("v1.2.0", "standard")),
	Entry("where somebody's is the same", somebodys("v1.4.0", "experimental")),
	Entry("where somebody's is newer", somebodys("v1.6.0", "standard")),
	Entry("where one of several is somebody's", ours("v1.3.0"), somebodys("v1.2.0", "standard")),
	Entry("where an unmanaged one has no version", somebodys("", "")),
)

var _ = DescribeTable("v1.4.0 replaces another owner's where spec.gatewayAPI is Manage", func(replaces bool, installed ...gatewayapi.Installed) {
	Expect(gatewayapi.Decide(v1.GatewayAPIManage, "v1.4.0", installed)).To(Equal(replaces))
	Expect(gatewayapi.Decide(v1.GatewayAPIAuto, "v1.4.0", installed)).To(BeFalse())
	Expect(gatewayapi.Decide(v1.GatewayAPIIgnore, "v1.4.0", installed)).To(BeFalse())
},
	Entry("an older one", true, somebodys("v1.2.0", "standard")),
	Entry("one of the same version", true, somebodys("v1.4.0", "standard")),
	Entry("an older one beside ours", true, ours("v1.4.0"), somebodys("v1.2.0", "standard")),
	Entry("one without a channel, as before there were any", true, somebodys("v0.4.3", "")),
	Entry("not a newer one", false, somebodys("v1.6.0", "standard")),
	Entry("not where one of several is newer", false, somebodys("v1.2.0", "standard"), somebodys("v1.4.1", "standard")),
	Entry("not beside a newer one of ours", false, ours("v1.6.0"), somebodys("v1.2.0", "standard")),
	Entry("not an experimental one, whose fields may be in use", false, somebodys("v1.2.0", "experimental")),
	Entry("not one without a version, which may be newer", false, somebodys("", "standard")),
	Entry("not one of a version that is none", false, somebodys("main", "standard")),
)

var _ = It("Deciding leaves the list of what is installed as it is", func() {
	installed := []gatewayapi.Installed{ours("v1.3.0"), somebodys("v1.2.0", "standard")}
	gatewayapi.Decide(v1.GatewayAPIManage, "v1.4.0", installed)
	Expect(installed).To(Equal([]gatewayapi.Installed{ours("v1.3.0"), somebodys("v1.2.0", "standard")}))
})
