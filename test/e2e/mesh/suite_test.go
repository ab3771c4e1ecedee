// SPDX-License-Identifier: Apache-2.0

// Package mesh_test runs a mesh whose pods really run: the operator out of its image and
// under its chart, istiod and istio-cni compiled from their module, and ztunnel or its
// stand-in. docs/end-to-end-images.md tells what that proves.
package mesh_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// The versions that there are images of.
const (
	before = "1.28.2"
	after  = "1.29.1"
)

// nodes are those of the cluster.
var nodes = []string{"node-1", "node-2"}

// conflist is the configuration of the primary CNI on a node.
const conflist = "/etc/cni/net.d/05-cilium.conflist"

var env *Env

// talking is a pod that keeps asking another one from the beginning on, outside of the mesh.
var talking *corev1.Pod

// within is what goes on in the mesh.
var within *traffic

func TestMesh(t *testing.T) { Run(t, "A mesh whose pods run") }

var _ = BeforeSuite(func(ctx SpecContext) {
	SetDefaultEventuallyTimeout(5 * time.Minute) // Pods start when the machine gets to it.
	made, err := imagebuild.Build(ctx, GinkgoWriter, before, after)
	Expect(err).NotTo(HaveOccurred())
	env = NewBare(ctx, func(o *cluster.Options) {
		o.Nodes, o.KubeletVersion, o.Cilium, o.RealNodes, o.Images = 0, "", false, len(nodes), imagebuild.Paths(made)
	})
})
