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
)

var _ = DescribeTable("Whether an error means that the operator lacks rights in istio-system", func(err error, lacks bool) {
	Expect(lacksRights(err, "istio-system")).To(Equal(lacks))
	Expect(lacksRights(errors.Join(errors.New("another"), &redactedError{cause: fmt.Errorf("applying: %w", err), message: "…"}), "istio-system")).To(Equal(lacks))
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
		m := &memory{recorded: map[string]string{}}
		m.moveTo("first")
		m.recorded["istiod"], m.swept = "digest", true
		m.moveTo("first")
		Expect(m.recorded).To(HaveLen(1))
		m.moveTo(types.UID("second"))
		Expect(m.recorded).To(BeEmpty())
		Expect(m.swept).To(BeFalse())
	})

	It("waits for rights that it bound, for a while, and not for those that it may not bind", func() {
		now := time.Now()
		state := namespaceState{}
		state.noteDenial(now)
		state.noteDenial(now.Add(time.Minute))
		Expect(state.mayPass(now.Add(rightsTimeout - time.Second))).To(BeTrue())
		Expect(state.mayPass(now.Add(rightsTimeout))).To(BeFalse())
		state.refused = true
		Expect(state.mayPass(now)).To(BeFalse())
	})
})
