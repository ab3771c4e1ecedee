// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/testing"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// undone is a resource whose rollout of a version is being undone.
func undone(from, to string) *v1.ServiceMeshController {
	smc := upgradeOf(to, "", to)
	smc.Status.Rollout = &v1.RolloutStatus{From: from, To: to}
	return smc
}

var _ = Describe("The Secrets of a repository", func() {
	var source = repository.Source{URL: "oci://charts.example.com/istio", Version: "1.29.99"}

	access := func(answer error, names ...v1.NamespacedSecret) (repository.Access, error) {
		secrets := fake.NewClientset(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "gloo-operator", Name: "pull", Annotations: map[string]string{v1.RepositoryHostAnnotation: "charts.example.com"},
			},
			Data: map[string][]byte{"username": []byte("me"), "password": []byte("secret")},
		})
		if answer != nil {
			secrets.PrependReactor("get", "secrets", func(testing.Action) (bool, runtime.Object, error) { return true, nil, answer })
		}
		r := &Reconciler{clientset: secrets, namespace: "gloo-operator"}
		return r.access(context.Background(), names, source)
	}

	It("are the operator's own unless a namespace is named", func() {
		Expect(access(nil, v1.NamespacedSecret{Name: "pull"})).To(HaveField("Username", "me"))
		Expect(access(nil, v1.NamespacedSecret{Name: "pull", Namespace: "gloo-operator"})).To(HaveField("Username", "me"))
	})

	DescribeTable("need a person where one", func(answer error, message string) {
		_, err := access(answer, v1.NamespacedSecret{Name: "other", Namespace: "elsewhere"})
		failure := &repository.Error{}
		Expect(errors.As(err, &failure)).To(BeTrue(), "%v", err)
		Expect(failure).To(And(HaveField("Reason", v1.ReasonRepositorySecret), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("does not exist", nil, "Secret elsewhere/other of spec.repository does not exist: create it"),
		Entry("may not be read", apierrors.NewForbidden(corev1.Resource("secrets"), "other", nil),
			"in namespace elsewhere, make a Role that allows to get this Secret"),
	)

	It("are asked for again where the API server does not answer", func() {
		_, err := access(apierrors.NewServiceUnavailable("busy"), v1.NamespacedSecret{Name: "pull"})
		Expect(err).To(MatchError(ContainSubstring("reading Secret gloo-operator/pull")))
		Expect(errors.As(err, new(*repository.Error))).To(BeFalse())
	})
})

var _ = DescribeTable("Waiting for charts", func(failure *repository.Error, phase v1.Phase, message string) {
	held := fetchBlocker(&repository.PendingError{Failure: failure, Source: repository.Source{URL: "oci://h", Version: "1.29.99"}})
	Expect(held.Phase).To(Equal(phase))
	Expect(held.Message).To(ContainSubstring(message))
	Expect(held.Cause).NotTo(HaveOccurred(), "the store has its own pauses")
},
	Entry("is no failure at first", nil, v1.Phase(""), "fetching the charts of Istio 1.29.99 from oci://h"),
	Entry("is none while it may pass", &repository.Error{Temporary: true}, v1.Phase(""), "the operator retries"),
	Entry("is one where a person is needed", repository.SecretError("create it"), v1.PhaseFailed, "create it"),
)

var _ = DescribeTable("A plan that cannot be made", func(cause error, reason string, phase v1.Phase, tried bool) {
	held := planBlocker(fmt.Errorf("rendering chart istiod: %w", cause))
	Expect(held.Reason).To(Equal(reason))
	Expect(held.Phase).To(Equal(phase))
	Expect(held.Cause != nil || held.RetryAfter > 0).To(Equal(tried))
	Expect(held.Message).To(ContainSubstring(cause.Error()))
},
	// Hardened: a machine that starts no more processes (EAGAIN) while a chart is to be rendered | the mesh was FAILED with InvalidValues until spec changed
	Entry("since no process could be started is tried again with growing pauses (ChartRenderingUnavailable)",
		&helm.StartError{Cause: unix.EAGAIN}, v1.ReasonChartRenderingUnavailable, v1.Phase(""), true),
	Entry("since rendering was stopped is tried again, slowly", &helm.StoppedError{}, v1.ReasonChartStopped, v1.PhaseFailed, true),
	Entry("since an archive is no chart needs a person", &helm.ArchiveError{}, v1.ReasonChartInvalid, v1.PhaseFailed, false),
	Entry("since values are wrong needs a person", errors.New("no"), v1.ReasonInvalidValues, v1.PhaseFailed, false),
)

var _ = Describe("Charts of a version that is not bundled", func() {
	const version = "1.29.99"

	// reconciler has a store that has given out the charts of the version.
	reconciler := func(ctx context.Context) *Reconciler {
		GinkgoHelper()
		server := charttest.HelmRepository(version, charttest.Charts("1.29.1", version))
		DeferCleanup(server.Close)
		ended := make(chan struct{}, 10)
		store := repository.NewStore(ctx, repository.Options{Changed: func() { ended <- struct{}{} }})
		request := repository.Request{
			Owner: "mesh", Source: repository.Source{URL: server.URL + "/charts", Version: version},
			Access: func(context.Context) (repository.Access, error) {
				return repository.Access{Username: charttest.Username, Password: charttest.Password, CA: server.CA}, nil
			},
		}
		_, err := store.Charts(request)
		Expect(err).To(HaveOccurred())
		Eventually(ended).Should(Receive())
		Expect(store.Charts(request)).To(HaveLen(4))
		return &Reconciler{charts: store}
	}
	named := func(smc *v1.ServiceMeshController) *v1.ServiceMeshController {
		smc.Name = "mesh"
		return smc
	}

	DescribeTable("without spec.repository", func(ctx SpecContext, smc *v1.ServiceMeshController) {
		r := reconciler(ctx)
		_, held := r.findCharts(named(smc), smc.Spec.Version)
		Expect(held).To(BeNil())
		found, held := r.findCharts(smc, version)
		Expect(held).To(BeNil())
		Expect(found.archives).To(HaveLen(4))
		Expect(found.source).To(BeEmpty(), "it is not known where kept charts come from")
	},
		// Hardened: charts of a version whose spec.repository an edit drops, when the rollout fails | the rollback ended with UnknownVersion
		Entry("are kept for a rollback to the version that runs", upgradeOf(version, "", "1.29.1")),
		// Hardened: charts of the version that runs, when spec.repository is dropped | the mesh was not corrected any more
		Entry("are kept while the version runs", upgradeOf(version, "", version)),
		Entry("are kept while a rollout comes from it", undone(version, "1.29.1")),
	)

	It("are dropped when nothing runs the version any more", func(ctx SpecContext) {
		r := reconciler(ctx)
		found, held := r.findCharts(named(upgradeOf("1.29.1", "", "1.29.1")), "1.29.1")
		Expect(held).To(BeNil())
		Expect(found).To(Equal(charts{source: v1.ChartsBundled}))
		_, held = r.findCharts(named(upgradeOf(version, "", "1.29.1")), version)
		Expect(held).NotTo(BeNil())
		Expect(held.Reason).To(Equal(v1.ReasonUnknownVersion))
		Expect(held.Phase).To(Equal(v1.PhaseFailed))
		Expect(held.Message).To(ContainSubstring("set spec.repository to one that has them"))
	})

	It("are not used for a version that the mesh does not run", func(ctx SpecContext) {
		found, held := reconciler(ctx).findCharts(named(upgradeOf("1.29.1", "", version)), version)
		Expect(held).To(BeNil())
		Expect(found.archives).To(BeNil())
	})

	It("are asked of the default repository where nothing is kept and spec names none", func(ctx SpecContext) {
		r := reconciler(ctx)
		r.defaultRepository = "oci://127.0.0.1:1/charts"
		smc := named(upgradeOf("1.29.1", "", "1.29.98"))
		_, held := r.findCharts(smc, "1.29.98")
		Expect(held).To(And(HaveField("Reason", v1.ReasonFetchingCharts),
			HaveField("Message", "fetching the charts of Istio 1.29.98 from oci://127.0.0.1:1/charts")))
		Eventually(func() string {
			_, held = r.findCharts(smc, "1.29.98")
			return held.Message
		}).Should(And(ContainSubstring("connection refused"), HaveSuffix("the operator retries"+defaultRepositoryHint)))
		Expect(held.Reason).To(Equal(v1.ReasonRepositoryUnavailable))
		smc.Spec.Repository = &v1.Repository{URL: "oci://127.0.0.1:2/charts"}
		_, held = r.findCharts(smc, "1.29.98")
		Expect(held.Message).To(HaveSuffix("from oci://127.0.0.1:2/charts"))
	})

	It("are not asked of the default repository while those of another are kept", func(ctx SpecContext) {
		r := reconciler(ctx)
		r.defaultRepository = "oci://127.0.0.1:1/charts"
		found, held := r.findCharts(named(upgradeOf(version, "", version)), version)
		Expect(held).To(BeNil())
		Expect(found.archives).To(HaveLen(4))
	})
})
