// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestStandIn(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The stand-in's settings")
}

var _ = Describe("Settings", func() {
	chart := map[string]string{
		"CA_ADDRESS": "istiod:15012", "XDS_ADDRESS": "istiod:15012", "POD_NAME": "ztunnel-abcde", "POD_NAMESPACE": "istio-system",
		"NODE_NAME": "node-1", "INSTANCE_IP": "10.0.0.1", "SERVICE_ACCOUNT": "ztunnel",
	}
	read := func(changes map[string]string) (settings, error) {
		all := maps.Clone(chart)
		maps.Copy(all, changes)
		return settingsOf(func(name string) (string, bool) { value, ok := all[name]; return value, ok })
	}

	DescribeTable("have the chart's grace period, and close connections before it ends", func(seconds string, expected time.Duration) {
		s, err := read(map[string]string{"TERMINATION_GRACE_PERIOD_SECONDS": seconds})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.drain).To(Equal(expected))
	},
		Entry("or ztunnel's default", "", 25*time.Second),
		Entry("when it is long", "600", 595*time.Second),
		Entry("when it is too short to wait", "3", time.Duration(0)),
	)

	DescribeTable("name the identity", func(changes map[string]string, expected string) {
		s, err := read(changes)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.identity()).To(Equal(expected))
	},
		Entry("in ztunnel's default trust domain", nil, "spiffe://cluster.local/ns/istio-system/sa/ztunnel"),
		Entry("in the chart's", map[string]string{"TRUST_DOMAIN": "example.com"}, "spiffe://example.com/ns/istio-system/sa/ztunnel"),
	)

	DescribeTable("are refused", func(changes map[string]string, reason string) {
		_, err := read(changes)
		Expect(err).To(MatchError(ContainSubstring(reason)))
	},
		Entry("without one that the chart sets", map[string]string{"CA_ADDRESS": ""}, "CA_ADDRESS are not set"),
		Entry("with a lifetime that is none", map[string]string{"SECRET_TTL": "60"}, "SECRET_TTL: "),
		Entry("with a grace period that is no number", map[string]string{"TERMINATION_GRACE_PERIOD_SECONDS": "30s"}, "TERMINATION_GRACE_PERIOD_SECONDS: "),
	)
})
