// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
)

func ours(version string) gatewayapi.Installed {
	return gatewayapi.Installed{Name: "gateways", Version: version, Channel: "standard", Owned: true}
}

func somebodys(version, channel string) gatewayapi.Installed {
	return gatewayapi.Installed{Name: "httproutes", Version: version, Channel: channel}
}

var _ = DescribeTable("v1.4.0 is installed", func(installed []gatewayapi.Installed) {
	Expect(gatewayapi.Decide("v1.4.0", installed)).To(BeTrue())
},
	Entry("where nothing is", nil),
	Entry("where ours is older", []gatewayapi.Installed{ours("v1.3.0")}),
	Entry("where ours is older by more than a digit", []gatewayapi.Installed{ours("v1.3.10")}),
	Entry("where ours is the same", []gatewayapi.Installed{ours("v1.4.0")}),
	Entry("where ours is half older", []gatewayapi.Installed{ours("v1.3.0"), ours("v1.4.0")}),
	Entry("where ours does not tell its version", []gatewayapi.Installed{ours("")}),
)

var _ = DescribeTable("v1.4.0 is not installed", func(installed ...gatewayapi.Installed) {
	Expect(gatewayapi.Decide("v1.4.0", installed)).To(BeFalse())
},
	Entry("where ours is newer", ours("v1.10.0")),
	Entry("where one of ours is newer", ours("v1.3.0"), ours("v1.6.0")),
	Entry("where somebody's is older", somebodys("v1.2.0", "standard")),
	Entry("where somebody's is the same", somebodys("v1.4.0", "experimental")),
	Entry("where somebody's is newer", somebodys("v1.6.0", "standard")),
	Entry("where one of several is somebody's", ours("v1.3.0"), somebodys("v1.2.0", "standard")),
	Entry("where somebody's does not tell its version", somebodys("", "")),
)

var _ = It("Deciding leaves the list of what is installed as it is", func() {
	installed := []gatewayapi.Installed{ours("v1.3.0"), somebodys("v1.2.0", "standard")}
	gatewayapi.Decide("v1.4.0", installed)
	Expect(installed).To(Equal([]gatewayapi.Installed{ours("v1.3.0"), somebodys("v1.2.0", "standard")}))
})
