// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/probe"
)

var _ = DescribeTable("The API has the reason", func(reason probe.Reason, want string) {
	Expect(string(reason)).To(Equal(want))
},
	Entry(nil, probe.NotCaptured, v1.TrafficNotCaptured),
	Entry(nil, probe.NotEnforced, v1.TrafficNotEnforced),
	Entry(nil, probe.RefusedByPeer, v1.TrafficRefusedByPeer),
	Entry(nil, probe.NoRoute, v1.TrafficNoRoute),
	Entry(nil, probe.NoCertificate, v1.TrafficNoCertificate),
	Entry(nil, probe.ZtunnelDown, v1.TrafficZtunnelDown),
	Entry(nil, probe.DNSFailed, v1.TrafficDNSFailed),
	Entry(nil, probe.NotReached, v1.TrafficNotReached),
)
