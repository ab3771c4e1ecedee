// SPDX-License-Identifier: Apache-2.0

package istio

import "github.com/Masterminds/semver/v3"

// rulesFixed are the first patch releases of 1.29 and later minor versions whose istio-cni stays
// with one iptables backend: https://istio.io/latest/news/releases/1.30.x/announcing-1.30.5/ and
// announcing-1.31.1. For 1.29 it is the last one, https://github.com/istio/istio/pull/61761.
var rulesFixed = map[uint64]string{29: "1.29.9", 30: "1.30.5", 31: "1.31.1"}

// LeavesRules reports whether istio-cni of that version may leave its iptables rules in pods
// that it takes out of the mesh. From 1.26 on, it uses nft where no legacy rules exist, and the
// check itself makes empty legacy tables, so that istio-cni uses legacy after its first
// restart on a node, and no longer finds the rules that it has written before:
// https://github.com/istio/istio/issues/61020. It reports false for what is no version.
func LeavesRules(version string) bool {
	parsed, err := semver.NewVersion(version)
	if err != nil || parsed.Major() != 1 || parsed.Minor() < 26 {
		return false
	}
	fixed, found := rulesFixed[parsed.Minor()]
	if !found {
		return parsed.Minor() < 29
	}
	return parsed.LessThan(semver.MustParse(fixed))
}

// BackendVariable is the environment variable by which istio-cni 1.28 and newer stays with
// one iptables backend, nft or legacy: cni/pkg/cmd in istio.io/istio.
const BackendVariable = "FORCE_IPTABLES_BINARY"

// ReconcilesRules reports whether istio-cni of the release writes its rules again, by default,
// into pods that have the annotation of a captured pod when it starts: from 1.29 on,
// https://istio.io/latest/news/releases/1.29.x/announcing-1.29/change-notes/.
func (r Release) ReconcilesRules() bool {
	parsed, err := semver.NewVersion(r.Version)
	return err == nil && (parsed.Major() > 1 || parsed.Minor() >= 29)
}
