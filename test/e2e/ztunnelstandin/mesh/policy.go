// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"istio.io/istio/pkg/workloadapi/security"
)

// Connection is what a policy can ask about.
type Connection struct {
	// Identity is the SPIFFE ID that the client has proven. It is empty in plain text.
	Identity    string
	Source      netip.Addr
	Destination netip.AddrPort
}

var errNotAllowed = errors.New("connection closed due to policy rejection: allow policies exist, but none allowed")

// Authorize returns an error if the policies of the workload at the destination reject the
// connection. The error names the policy, in ztunnel's words.
func (m *Mesh) Authorize(c Connection) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return decide(m.policiesOf(m.owners[c.Destination.Addr()].workload), c)
}

// AwaitRejection waits until policies reject a connection that they have allowed. It fails
// when the context ends.
func (m *Mesh) AwaitRejection(ctx context.Context, c Connection) error {
	return m.await(ctx, "no policy rejects the connection", func() bool {
		return decide(m.policiesOf(m.owners[c.Destination.Addr()].workload), c) != nil
	})
}

// policiesOf are the policies of the whole mesh, of the workload's namespace, and those
// that select the workload by its labels, which its resource names.
func (m *Mesh) policiesOf(name string) []*security.Authorization {
	workload := m.workloads[name]
	var all []*security.Authorization
	for key, policy := range m.policies {
		switch policy.GetScope() {
		case security.Scope_GLOBAL:
			all = append(all, policy)
		case security.Scope_NAMESPACE:
			if workload != nil && workload.GetNamespace() == policy.GetNamespace() {
				all = append(all, policy)
			}
		case security.Scope_WORKLOAD_SELECTOR:
			if slices.Contains(workload.GetAuthorizationPolicies(), key) {
				all = append(all, policy)
			}
		}
	}
	return all
}

// decide rejects what a DENY policy matches, and what no ALLOW policy matches if there are
// any: https://istio.io/latest/docs/reference/config/security/authorization-policy/.
func decide(policies []*security.Authorization, c Connection) error {
	allowed, restricted := false, false
	for _, policy := range policies {
		switch {
		case policy.GetDryRun():
		case policy.GetAction() == security.Action_DENY:
			if matches(policy, c) {
				return fmt.Errorf("connection closed due to policy rejection: explicitly denied by: %s/%s", policy.GetNamespace(), policy.GetName())
			}
		default:
			restricted = true
			allowed = allowed || matches(policy, c)
		}
	}
	if restricted && !allowed {
		return errNotAllowed
	}
	return nil
}

// matches reports whether all rules of one of the groups match. Of a rule, one match is
// enough: pkg/workloadapi/security/authorization.proto.
func matches(policy *security.Authorization, c Connection) bool {
	return slices.ContainsFunc(policy.GetGroups(), func(group *security.Group) bool {
		return every(group.GetRules(), func(rules *security.Rules) bool {
			return len(rules.GetMatches()) == 0 || slices.ContainsFunc(rules.GetMatches(), c.matches)
		})
	})
}

// matches reports whether each kind of value matches that is given.
func (c Connection) matches(m *security.Match) bool {
	principal := strings.TrimPrefix(c.Identity, "spiffe://")
	namespace, account := accountOf(principal)
	text := func(value string) func(*security.StringMatch) bool {
		return func(m *security.StringMatch) bool { return matchesText(m, value) }
	}
	inNetwork := func(ip netip.Addr) func(*security.Address) bool {
		return func(a *security.Address) bool { return matchesAddress(a, ip) }
	}
	isAccount := func(a *security.ServiceAccountMatch) bool {
		return account != "" && a.GetNamespace() == namespace && a.GetServiceAccount() == account
	}
	isPort := func(port uint32) bool { return port == uint32(c.Destination.Port()) }
	return one(m.GetNamespaces(), m.GetNotNamespaces(), text(namespace)) &&
		one(m.GetServiceAccounts(), m.GetNotServiceAccounts(), isAccount) &&
		one(m.GetPrincipals(), m.GetNotPrincipals(), text(principal)) &&
		one(m.GetSourceIps(), m.GetNotSourceIps(), inNetwork(c.Source)) &&
		one(m.GetDestinationIps(), m.GetNotDestinationIps(), inNetwork(c.Destination.Addr())) &&
		one(m.GetDestinationPorts(), m.GetNotDestinationPorts(), isPort)
}

// one reports whether a value is one of those, where there are any, and none of the others.
func one[T any](of, notOf []T, is func(T) bool) bool {
	return (len(of) == 0 || slices.ContainsFunc(of, is)) && !slices.ContainsFunc(notOf, is)
}

func every[T any](all []T, is func(T) bool) bool {
	return !slices.ContainsFunc(all, func(one T) bool { return !is(one) })
}

func matchesText(m *security.StringMatch, value string) bool {
	if value == "" {
		return false
	}
	switch m.GetMatchType().(type) {
	case *security.StringMatch_Exact:
		return value == m.GetExact()
	case *security.StringMatch_Prefix:
		return strings.HasPrefix(value, m.GetPrefix())
	case *security.StringMatch_Suffix:
		return strings.HasSuffix(value, m.GetSuffix())
	case *security.StringMatch_Presence:
		return true
	}
	return false
}

func matchesAddress(a *security.Address, ip netip.Addr) bool {
	network, ok := netip.AddrFromSlice(a.GetAddress())
	return ok && netip.PrefixFrom(network.Unmap(), int(a.GetLength())).Contains(ip)
}

// accountOf takes a principal apart: DOMAIN/ns/NAMESPACE/sa/ACCOUNT.
func accountOf(principal string) (namespace, account string) {
	parts := strings.Split(principal, "/")
	if len(parts) != 5 || parts[1] != "ns" || parts[3] != "sa" {
		return "", ""
	}
	return parts[2], parts[4]
}
