// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"istio.io/istio/pkg/workloadapi"
	"istio.io/istio/pkg/workloadapi/security"
)

var _ = Describe("A match of a policy", func() {
	connection := Connection{
		Identity: "spiffe://cluster.local/ns/shop/sa/cart", Source: netip.MustParseAddr("10.0.0.1"),
		Destination: netip.MustParseAddrPort("10.0.0.2:8080"),
	}
	exact := func(value string) []*security.StringMatch {
		return []*security.StringMatch{{MatchType: &security.StringMatch_Exact{Exact: value}}}
	}
	present := []*security.StringMatch{{MatchType: &security.StringMatch_Presence{}}}
	prefix := []*security.StringMatch{{MatchType: &security.StringMatch_Prefix{Prefix: "cluster.local/ns/shop/"}}}
	suffix := []*security.StringMatch{{MatchType: &security.StringMatch_Suffix{Suffix: "/sa/cart"}}}
	network := func(prefix string) []*security.Address {
		p := netip.MustParsePrefix(prefix)
		return []*security.Address{{Address: p.Addr().AsSlice(), Length: uint32(p.Bits())}}
	}
	account := func(namespace, name string) []*security.ServiceAccountMatch {
		return []*security.ServiceAccountMatch{{Namespace: namespace, ServiceAccount: name}}
	}

	DescribeTable("of an identity", func(m *security.Match, proven, plain bool) {
		Expect(connection.matches(m)).To(Equal(proven))
		inPlain := connection
		inPlain.Identity = ""
		Expect(inPlain.matches(m)).To(Equal(plain), "in plain text")
	},
		Entry("is any without conditions", &security.Match{}, true, true),
		Entry("is the principal", &security.Match{Principals: exact("cluster.local/ns/shop/sa/cart")}, true, false),
		Entry("is not another principal", &security.Match{Principals: exact("cluster.local/ns/shop/sa/other")}, false, false),
		Entry("is one of several", &security.Match{Principals: append(exact("other"), suffix...)}, true, false),
		Entry("begins so", &security.Match{Principals: prefix}, true, false),
		Entry("ends so", &security.Match{Principals: suffix}, true, false),
		Entry("is there", &security.Match{Principals: present}, true, false),
		Entry("is not there", &security.Match{NotPrincipals: present}, false, true),
		Entry("is none of those", &security.Match{NotPrincipals: exact("cluster.local/ns/shop/sa/cart")}, false, true),
		Entry("is of the namespace", &security.Match{Namespaces: exact("shop")}, true, false),
		Entry("is not of another namespace", &security.Match{Namespaces: exact("shops")}, false, false),
		Entry("is not of those namespaces", &security.Match{NotNamespaces: exact("shop")}, false, true),
		Entry("is the ServiceAccount", &security.Match{ServiceAccounts: account("shop", "cart")}, true, false),
		Entry("is not its namesake", &security.Match{ServiceAccounts: account("other", "cart")}, false, false),
		Entry("is none of those ServiceAccounts", &security.Match{NotServiceAccounts: account("shop", "cart")}, false, true),
		Entry("has to match each kind", &security.Match{Namespaces: exact("shop"), Principals: exact("other")}, false, false),
	)

	DescribeTable("of addresses and ports", func(m *security.Match, expected bool) {
		Expect(connection.matches(m)).To(Equal(expected))
	},
		Entry("is the source's network", &security.Match{SourceIps: network("10.0.0.0/24")}, true),
		Entry("is not another source", &security.Match{SourceIps: network("10.0.0.2/32")}, false),
		Entry("is none of those sources", &security.Match{NotSourceIps: network("10.0.0.1/32")}, false),
		Entry("is not of the other IP family", &security.Match{SourceIps: network("::/0")}, false),
		Entry("is the destination", &security.Match{DestinationIps: network("10.0.0.2/32")}, true),
		Entry("is none of those destinations", &security.Match{NotDestinationIps: network("10.0.0.0/8")}, false),
		Entry("is the port", &security.Match{DestinationPorts: []uint32{80, 8080}}, true),
		Entry("is not another port", &security.Match{DestinationPorts: []uint32{80}}, false),
		Entry("is none of those ports", &security.Match{NotDestinationPorts: []uint32{8080}}, false),
		Entry("has to match each kind", &security.Match{DestinationPorts: []uint32{8080}, SourceIps: network("192.0.2.0/24")}, false),
	)
})

var _ = Describe("Policies", func() {
	var (
		anything = &security.Match{}
		nothing  = &security.Match{DestinationPorts: []uint32{1}}
	)
	// group has one rule for each list of matches.
	group := func(rules ...[]*security.Match) *security.Group {
		g := &security.Group{}
		for _, matches := range rules {
			g.Rules = append(g.Rules, &security.Rules{Matches: matches})
		}
		return g
	}
	policy := func(name string, action security.Action, groups ...*security.Group) *security.Authorization {
		return &security.Authorization{Name: name, Namespace: "shop", Scope: security.Scope_NAMESPACE, Action: action, Groups: groups}
	}
	allow := func(groups ...*security.Group) *security.Authorization {
		return policy("allow", security.Action_ALLOW, groups...)
	}
	deny := func(groups ...*security.Group) *security.Authorization {
		return policy("deny", security.Action_DENY, groups...)
	}
	connection := Connection{Source: netip.MustParseAddr("10.0.0.1"), Destination: netip.MustParseAddrPort("10.0.0.2:8080")}
	authorize := func(policies ...*security.Authorization) error {
		m := New("cluster.local")
		sendWorkloads(m, workload("cart", "10.0.0.2", func(w *workloadapi.Workload) { w.AuthorizationPolicies = []string{"shop/selected"} }))
		for _, policy := range policies {
			sendPolicy(m, policy)
		}
		return m.Authorize(connection)
	}
	denied, notAllowed := MatchError(ContainSubstring("explicitly denied by: shop/deny")), MatchError(errNotAllowed)

	DescribeTable("decide", func(expected any, policies ...*security.Authorization) {
		if expected == nil {
			Expect(authorize(policies...)).To(Succeed())
			return
		}
		Expect(authorize(policies...)).To(expected.(OmegaMatcher))
	},
		Entry("nothing if there are none", nil),
		Entry("for what one allows", nil, allow(group([]*security.Match{anything}))),
		Entry("against what none allows", notAllowed, allow(group([]*security.Match{nothing}))),
		Entry("against all if one allows without rules", notAllowed, allow()),
		Entry("for all by a rule without conditions", nil, allow(group())),
		Entry("for all by a rule without matches", nil, allow(group([]*security.Match{}))),
		Entry("against what one denies", denied, deny(group([]*security.Match{anything}))),
		Entry("against what one denies and another allows", denied, allow(group([]*security.Match{anything})), deny(group([]*security.Match{anything}))),
		Entry("nothing if what denies does not match", nil, deny(group([]*security.Match{nothing}))),
		Entry("nothing if what denies has no rules", nil, deny()),
		Entry("by any of the groups", denied, deny(group([]*security.Match{nothing}), group([]*security.Match{anything}))),
		Entry("by all rules of a group", nil, deny(group([]*security.Match{anything}, []*security.Match{nothing}))),
		Entry("by any match of a rule", denied, deny(group([]*security.Match{nothing, anything}))),
	)

	DescribeTable("apply", func(name string, scope security.Scope, namespace string, expected bool) {
		p := policy(name, security.Action_DENY, group())
		p.Scope, p.Namespace = scope, namespace
		if expected {
			Expect(authorize(p)).To(MatchError(ContainSubstring(namespace + "/" + name)))
		} else {
			Expect(authorize(p)).To(Succeed())
		}
	},
		Entry("everywhere", "any", security.Scope_GLOBAL, "istio-system", true),
		Entry("in their namespace", "any", security.Scope_NAMESPACE, "shop", true),
		Entry("in no other namespace", "any", security.Scope_NAMESPACE, "other", false),
		Entry("to workloads that name them", "selected", security.Scope_WORKLOAD_SELECTOR, "shop", true),
		Entry("to no other workload", "another", security.Scope_WORKLOAD_SELECTOR, "shop", false),
	)

	It("do nothing if they are not to be enforced", func() {
		tried := deny(group())
		tried.DryRun = true
		Expect(authorize(tried)).To(Succeed())
	})

	It("end when istiod removes them", func() {
		m := New("cluster.local")
		sendWorkloads(m, workload("cart", "10.0.0.2"))
		sendPolicy(m, deny(group()))
		Expect(m.Authorize(connection)).To(denied)
		Expect(m.Update(AuthorizationType, nil, []string{"shop/deny"})).To(Succeed())
		Expect(m.Authorize(connection)).To(Succeed())
	})

	It("reject what they have allowed, when they change", func(ctx context.Context) {
		m := New("cluster.local")
		sendWorkloads(m, workload("cart", "10.0.0.2"))
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		Expect(m.AwaitRejection(short, connection)).NotTo(Succeed())
		done := make(chan error)
		go func() { done <- m.AwaitRejection(ctx, connection) }()
		sendPolicy(m, deny(group()))
		Eventually(done).Should(Receive(BeNil()))
	}, NodeTimeout(10*time.Second))

	It("are waited for, and so is the workload", func(ctx context.Context) {
		m := New("cluster.local")
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		Expect(m.AwaitFirst(short)).NotTo(Succeed())
		sendPolicy(m, deny())
		Expect(m.AwaitFirst(short)).NotTo(Succeed())
		done := make(chan error)
		go func() { done <- m.AwaitWorkload(ctx, netip.MustParseAddr("10.0.0.2")) }()
		sendWorkloads(m, workload("cart", "10.0.0.2"))
		Eventually(done).Should(Receive(BeNil()))
		Expect(m.AwaitFirst(ctx)).To(Succeed())
	}, NodeTimeout(10*time.Second))
})
