// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

var _ = DescribeTable("Whether an error means that the operator lacks rights in istio-system", func(err error, lacks bool) {
	Expect(lacksPermission(err, "istio-system")).To(Equal(lacks))
	Expect(lacksPermission(errors.Join(errors.New("another"), &redactedError{cause: fmt.Errorf("applying: %w", err), message: "…"}), "istio-system")).To(Equal(lacks))
},
	Entry("RBAC denies it there", forbidden(`User "x" cannot patch resource "deployments" in API group "apps" in the namespace "istio-system"`), true),
	Entry("RBAC denies it elsewhere", forbidden(`User "x" cannot patch resource "deployments" in API group "apps" in the namespace "other"`), false),
	Entry("RBAC denies it in the cluster", forbidden(`User "x" cannot patch resource "clusterroles" at the cluster scope`), false),
	Entry("a quota denies it", forbidden(`exceeded quota: pods, in the namespace "istio-system"`), false),
	Entry("the namespace is terminating", forbidden("unable to create new content in namespace istio-system because it is being terminated"), false),
	Entry("it is another error", errors.New(`cannot connect in the namespace "istio-system"`), false),
)

func forbidden(message string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "a", errors.New(message))
}

var _ = Describe("What is remembered of an install namespace", func() {
	It("forgets which Helm releases are recorded when the namespace is another one", func() {
		m := &session{recordedDigests: map[string]string{}}
		m.setNamespaceUID("first")
		m.recordedDigests["istiod"], m.releasesPruned = "digest", true
		m.setNamespaceUID("first")
		Expect(m.recordedDigests).To(HaveLen(1))
		m.setNamespaceUID(types.UID("second"))
		Expect(m.recordedDigests).To(BeEmpty())
		Expect(m.releasesPruned).To(BeFalse())
	})

	It("waits for rights that it bound, for a while, and not for those that it may not bind", func() {
		now := time.Now()
		state := namespaceState{}
		state.noteDenial(now)
		state.noteDenial(now.Add(time.Minute))
		Expect(state.mayRecover(now.Add(permissionTimeout - time.Second))).To(BeTrue())
		Expect(state.mayRecover(now.Add(permissionTimeout))).To(BeFalse())
		state.refused = true
		Expect(state.mayRecover(now)).To(BeFalse())
	})

	// Hardened: the API server restarts and knows no roles yet for a second | the mesh was DEGRADED meanwhile
	It("reports no permissions that are denied for a moment, and checks again", func() {
		now := time.Now()
		state := namespaceState{lost: now}
		held := state.blocker(now.Add(permissionGrace-time.Second), "n")
		Expect(held.Quiet).To(BeTrue())
		Expect((&status.Outcome{Blocker: held}).QuietRetry()).To(Equal(permissionCheck))
		held = state.blocker(now.Add(permissionGrace), "n")
		Expect(held.Quiet).To(BeFalse())
		Expect(held.Phase).To(BeEmpty())
		Expect(state.blocker(now.Add(permissionTimeout), "n").Phase).To(Equal(v1.PhaseFailed))
	})
})
