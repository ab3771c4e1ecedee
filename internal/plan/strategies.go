// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// strategies lets the rollouts of DaemonSets continue when nodes that are not ready are
// left out. The DaemonSet controller counts a node without a ready pod as unavailable, so
// maxUnavailable or maxSurge must allow one more
// (k8s.io/kubernetes/pkg/controller/daemon/update.go, rollingUpdate).
func strategies(upgrade *v1.Upgrade) tree {
	if upgrade == nil || upgrade.MaxUnavailableNodes == nil {
		return tree{}
	}
	room := oneMore(*upgrade.MaxUnavailableNodes)
	if room == nil {
		return tree{}
	}
	return tree{
		"cni":     tree{"updateStrategy": tree{"rollingUpdate": tree{"maxUnavailable": room}}},
		"ztunnel": tree{"updateStrategy": tree{"rollingUpdate": tree{"maxSurge": room}}},
	}
}

// oneMore is a number of nodes greater than maxUnavailableNodes, for a percentage greater
// in a cluster of any size. Nil: no node may be left out.
func oneMore(nodes intstr.IntOrString) any {
	if nodes.Type == intstr.Int {
		if nodes.IntVal <= 0 {
			return nil
		}
		return int64(nodes.IntVal) + 1
	}
	percent := 0
	if _, err := fmt.Sscanf(nodes.StrVal, "%d%%", &percent); err != nil || percent == 0 {
		return nil // The CRD rejects other strings.
	}
	return fmt.Sprintf("%d%%", min(100, percent+1))
}
