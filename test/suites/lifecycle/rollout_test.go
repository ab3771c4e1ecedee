// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// workloads are the names of the mesh's workloads in the order of an upgrade.
var workloads = []string{"istiod", "istio-cni-node", "ztunnel"}

// applied lists the operator's writes to the mesh since the mark without those that only
// rehearse.
func applied(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return slices.DeleteFunc(env.MeshWrites(since), func(r cluster.Request) bool { return strings.Contains(r.URI, "dryRun=All") })
}

// rolled lists the workloads that the operator has applied since, in that order.
func rolled(since cluster.Mark) []string {
	GinkgoHelper()
	var names []string
	for _, request := range applied(since) {
		if slices.Contains(workloads, request.Name) && (request.Resource == "deployments" || request.Resource == "daemonsets") {
			names = append(names, request.Name)
		}
	}
	return names
}

// expectNoWork watches the operator send nothing but events, which client-go may write
// late.
func expectNoWork(since cluster.Mark) {
	GinkgoHelper()
	Consistently(func() []cluster.Request {
		return env.Requests(since, func(r cluster.Request) bool { return r.Resource != "events" })
	}, 10*time.Second, time.Second).Should(BeEmpty())
}

// history is the status' history, the newest change first, without times.
func history() []string {
	GinkgoHelper()
	var told []string
	for _, entry := range env.Mesh().Status.History {
		told = append(told, fmt.Sprintf("%s → %s %s", entry.From, entry.To, entry.Result))
	}
	return told
}

// hold keeps pods of a workload, of one version, from getting ready.
func hold(app, image string, behavior cluster.Behavior) (release func()) {
	GinkgoHelper()
	behavior.Selector, behavior.Image = map[string]string{"app": app}, image
	if behavior.Mode == "" {
		behavior.Mode = cluster.Unready
	}
	return env.Hold(behavior)
}
