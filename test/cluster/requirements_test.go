// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// What real nodes do is in test/e2e/nodes.
var _ = DescribeTable("Real nodes are refused, and nothing is made,",
	func(ctx context.Context, options cluster.Options, why string) {
		_, err := cluster.Start(ctx, options)
		Expect(err).To(MatchError(ContainSubstring(why)))
		if options.Dir != "" {
			Expect(options.Dir).NotTo(BeAnExistingFile())
		}
	},
	Entry("where there are too many", cluster.Options{RealNodes: 3}, "up to 2 real nodes, not 3"),
	Entry("where there are fewer than none", cluster.Options{RealNodes: -1}, "up to 2 real nodes, not -1"),
	Entry("where they would hide their own state",
		cluster.Options{RealNodes: 1, Dir: "/var/lib/gloo-operator-test"}, "real nodes have their own /var"),
)
