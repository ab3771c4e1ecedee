// SPDX-License-Identifier: Apache-2.0

package values_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

var _ = DescribeTable("One tree reaches", func(chart values.Chart, written, want tree) {
	merged, err := merge(chart, written)
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values).To(Equal(want))
},
	Entry("istiod in its section", istiod, tree{"pilot": tree{"replicaCount": int64(3)}}, tree{"pilot": tree{"replicaCount": int64(3)}}),
	Entry("istiod from the root, moved into its section, where profiles lose", istiod,
		tree{"replicaCount": int64(3)}, tree{"pilot": tree{"replicaCount": int64(3)}}),
	Entry("istiod in its section rather than from the root", istiod,
		tree{"replicaCount": int64(3), "pilot": tree{"replicaCount": int64(4)}}, tree{"pilot": tree{"replicaCount": int64(4)}}),
	Entry("istiod from both, merged", istiod,
		tree{"env": tree{"A": "1", "B": "1"}, "pilot": tree{"env": tree{"B": "2"}}}, tree{"pilot": tree{"env": tree{"A": "1", "B": "2"}}}),
	Entry("istiod from the root where its section is null", istiod,
		tree{"replicaCount": int64(3), "pilot": nil}, tree{"pilot": tree{"replicaCount": int64(3)}}),
	Entry("istiod with the section of another chart that it reads", istiod,
		tree{"cni": tree{"enabled": true}, "ztunnel": tree{"logLevel": "x"}}, tree{"cni": tree{"enabled": true}}),
	Entry("istio-cni from the root", cni, tree{"cniConfDir": "/etc/cni/net.d"}, tree{"cni": tree{"cniConfDir": "/etc/cni/net.d"}}),
	Entry("istio-cni without the sections of others", cni,
		tree{"pilot": tree{"env": tree{"A": "1"}}, "global": tree{"hub": "x"}}, tree{"global": tree{"hub": "x"}}),
	Entry("ztunnel from its section, lifted to the root", ztunnel, tree{"ztunnel": tree{"logLevel": "debug"}}, tree{"logLevel": "debug"}),
	Entry("ztunnel in its section rather than from the root", ztunnel,
		tree{"logLevel": "info", "env": tree{"A": "1"}, "ztunnel": tree{"logLevel": "debug", "env": tree{"B": "2"}}},
		tree{"logLevel": "debug", "env": tree{"A": "1", "B": "2"}}),
	Entry("ztunnel from the root", ztunnel, tree{"logLevel": "debug"}, tree{"logLevel": "debug"}),
	Entry("any chart with keys that it does not know", base, tree{"unknown": tree{"a": "b"}}, tree{"unknown": tree{"a": "b"}}),
	Entry("any chart with the shared keys where they are", istiod,
		tree{"profile": "ambient", "platform": "k3s", "meshConfig": tree{"a": "b"}}, tree{"profile": "ambient", "platform": "k3s", "meshConfig": tree{"a": "b"}}),
)

var _ = DescribeTable("An earlier spelling", func(written, want tree) {
	merged, err := merge(cni, written)
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values).To(Equal(want))
},
	Entry("cni.ambient: true is cni.ambient.enabled", tree{"cni": tree{"ambient": true}}, tree{"cni": tree{"ambient": tree{"enabled": true}}}),
	Entry("cni.ambient: false too", tree{"cni": tree{"ambient": false}}, tree{"cni": tree{"ambient": tree{"enabled": false}}}),
	Entry("cni.ambient that is a section stays", tree{"cni": tree{"ambient": tree{"enabled": true}}}, tree{"cni": tree{"ambient": tree{"enabled": true}}}),
	Entry("cni.profile is the profile", tree{"cni": tree{"profile": "ambient"}}, tree{"cni": tree{}, "profile": "ambient"}),
	Entry("cni.profile gives way to the profile", tree{"cni": tree{"profile": "ambient"}, "profile": "demo"}, tree{"cni": tree{}, "profile": "demo"}),
)

var _ = DescribeTable("A value takes the type that templates need:", func(chart values.Chart, written, want tree) {
	merged, err := merge(chart, written)
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values).To(Equal(want))
},
	Entry("cluster trust bundles are switched by a boolean in istiod", istiod,
		tree{"pilot": tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": "true"}}},
		tree{"pilot": tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": true}}}),
	Entry("and in ztunnel", ztunnel,
		tree{"ztunnel": tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": "false"}}},
		tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": false}}),
	Entry("and nothing is made of what is no boolean", istiod,
		tree{"pilot": tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": "perhaps"}}},
		tree{"pilot": tree{"env": tree{"ENABLE_CLUSTER_TRUST_BUNDLE_API": "perhaps"}}}),
	Entry("other variables stay as they are", istiod,
		tree{"pilot": tree{"env": tree{"A": true, "B": "true", "C": int64(3)}}},
		tree{"pilot": tree{"env": tree{"A": true, "B": "true", "C": int64(3)}}}),
	Entry("proxy metadata are strings", istiod,
		tree{"meshConfig": tree{"defaultConfig": tree{"proxyMetadata": tree{"A": true, "B": int64(3), "C": 0.5, "D": "x", "E": nil}}}},
		tree{"meshConfig": tree{"defaultConfig": tree{"proxyMetadata": tree{"A": "true", "B": "3", "C": "0.5", "D": "x", "E": nil}}}}),
)

var _ = DescribeTable("Of what a person wrote", func(written tree, unread ...string) {
	charts := []values.Chart{base, istiod, cni, ztunnel}
	Expect(values.Unread(charts, []values.Layer{{Name: "spec.values", FromUser: true, Values: written}})).To(ConsistOf(unread))
},
	Entry("everything is read", tree{"pilot": tree{"replicaCount": int64(1)}, "cni": tree{"cniConfDir": "x"}, "ztunnel": tree{"logLevel": "x"}, "global": tree{"hub": "x"}}),
	Entry("a key in a section is not", tree{"pilot": tree{"replicas": int64(1)}}, "pilot.replicas"),
	Entry("a key at the root is not", tree{"ambient": tree{"redirectMode": "ebpf"}}, "ambient.redirectMode"),
	Entry("a key of one chart in another's section is not", tree{"ztunnel": tree{"replicaCount": int64(1)}}, "ztunnel.replicaCount"),
	Entry("a section without content is not", tree{"ztunnel": tree{}}, "ztunnel"),
	Entry("a key of one chart at the root is read", tree{"logLevel": "debug"}),
	Entry("an earlier spelling is read", tree{"cni": tree{"ambient": true, "profile": "ambient"}}),
	Entry("several are not, each named", tree{"b": tree{"x": int64(1), "y": int64(2)}, "a": nil}, "a", "b.x", "b.y"),
)

var _ = Describe("What no chart reads", func() {
	charts := []values.Chart{base, istiod}

	It("is reported once, sorted", func() {
		layer := values.Layer{FromUser: true, Values: tree{"b": int64(1), "a": int64(1)}}
		Expect(values.Unread(charts, []values.Layer{layer, layer})).To(Equal([]string{"a", "b"}))
	})

	It("is not reported where no user wrote it", func() {
		Expect(values.Unread(charts, []values.Layer{{Values: tree{"a": int64(1)}}})).To(BeEmpty())
	})

	It("is reported of a layer that does not reach the chart which would read it", func() {
		layer := values.Layer{FromUser: true, Chart: "istio-base", Values: tree{"replicaCount": int64(1)}}
		Expect(values.Unread(charts, []values.Layer{layer})).To(Equal([]string{"replicaCount"}))
	})
})
