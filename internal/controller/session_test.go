// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

var _ = Describe("What is remembered of a resource", func() {
	var (
		r    *Reconciler
		kube *kubefake.Clientset
	)
	unreachable := &rest.Config{Host: "127.0.0.1:1", Transport: http.DefaultTransport}
	// read reads a Secret, and tells how many requests that and all before have taken.
	read := func(ctx context.Context) (requests int) {
		_, err := r.pull.Get(ctx, "mesh-system", "pull")
		Expect(err).NotTo(HaveOccurred())
		for _, action := range kube.Actions() {
			if action.GetVerb() == "get" {
				requests++
			}
		}
		return requests
	}

	BeforeEach(func(ctx SpecContext) {
		scheme := runtime.NewScheme()
		Expect(v1.AddToScheme(scheme)).To(Succeed())
		kube = kubefake.NewClientset()
		applier, err := apply.New(unreachable, &apply.Observer{})
		Expect(err).NotTo(HaveOccurred())
		gatherer, err := preflight.NewGatherer(unreachable, func() {})
		Expect(err).NotTo(HaveOccurred())
		r = &Reconciler{
			clock:  clock.RealClock{},
			client: fake.NewClientBuilder().WithScheme(scheme).Build(), metrics: metrics.New("test"), applier: applier, gatherer: gatherer,
			charts: repository.NewStore(ctx, repository.Options{}), pull: apply.NewSecrets(ctx, kube, func() {}),
			sessions: map[string]*session{},
		}
	})
	named := func(name string, uid types.UID) *v1.ServiceMeshController {
		smc := resource("", "")
		smc.Name, smc.UID = name, uid
		return smc
	}
	vanish := func(ctx context.Context, name string) {
		_, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: name}})
		Expect(err).NotTo(HaveOccurred())
	}

	// Hardened: a resource whose finalizer somebody removed by hand | its watches and sessions stayed until a restart
	It("is forgotten when the resource has vanished without its finalizer, with all watches", func(ctx SpecContext) {
		r.sessionFor(named("mesh", "1")).usesCaches = true
		Expect(read(ctx)).To(Equal(1))
		Expect(read(ctx)).To(Equal(1))
		vanish(ctx, "mesh")
		Expect(r.sessions).To(BeEmpty())
		Expect(read(ctx)).To(Equal(2))
	})

	It("is not another's: watches stay when a resource goes that was refused", func(ctx SpecContext) {
		r.sessionFor(named("mesh", "1")).usesCaches = true
		r.sessionFor(named("second", "2"))
		Expect(read(ctx)).To(Equal(1))
		vanish(ctx, "second")
		Expect(r.sessions).To(HaveLen(1))
		Expect(read(ctx)).To(Equal(1))
	})

	// Hardened: a resource deleted and made again under its name | what was known of the old one counted for the new one
	It("does not count for the next of its name", func(ctx SpecContext) {
		first := r.sessionFor(named("mesh", "1"))
		first.usesCaches = true
		Expect(read(ctx)).To(Equal(1))
		Expect(r.sessionFor(named("mesh", "1"))).To(BeIdenticalTo(first))
		Expect(r.sessionFor(named("mesh", "2"))).NotTo(BeIdenticalTo(first))
		Expect(r.sessions).To(HaveLen(1))
		Expect(read(ctx)).To(Equal(2))
	})
})
