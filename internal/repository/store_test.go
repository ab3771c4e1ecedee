// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("A store", func() {
	var (
		server    *charttest.Server
		store     *repository.Store
		now       atomic.Int64
		ended     chan struct{}
		warned    chan error
		request   repository.Request
		stop      context.CancelFunc
		directory string
	)

	BeforeEach(func() {
		server = charttest.HelmRepository(version, smallCharts())
		ending, warning := make(chan struct{}, 100), make(chan error, 1) // Downloads of the spec before may still end.
		ended, warned = ending, warning
		var ctx context.Context
		ctx, stop = context.WithCancel(context.Background())
		DeferCleanup(stop)
		directory = GinkgoT().TempDir()
		store = repository.NewStore(ctx, repository.Options{
			Dir: directory, Changed: func() { ending <- struct{}{} }, Warn: func(err error) { warning <- err },
			Limits: patient(), Now: func() time.Time { return time.Unix(0, now.Load()) },
		})
		request = repository.Request{
			Owner: "mesh", Source: repository.Source{URL: server.URL + "/charts", Version: version},
			Access: func(context.Context) (repository.Access, error) { return asPuller(server.CA), nil },
		}
	})

	ask := func() repository.PendingError {
		GinkgoHelper()
		charts, err := store.Charts(request)
		Expect(charts).To(BeNil())
		waiting := &repository.PendingError{}
		Expect(errors.As(err, &waiting)).To(BeTrue(), "%v", err)
		return *waiting
	}
	pass := func(time time.Duration) { now.Add(int64(time)) }
	reason := func(waiting repository.PendingError) string { return waiting.Reason() }
	requests := func() int { return len(server.Seen()) }

	It("fetches in the background, says so, and then has the charts", func() {
		hold := make(chan struct{})
		server.Handle("/charts/index.yaml", func(w http.ResponseWriter, r *http.Request) {
			<-hold
			server.Handle("/charts/index.yaml", nil)
			server.ServeHTTP(w, r)
		})
		waiting := ask()
		Expect(waiting.RetryAfter).To(BeZero())
		Expect(waiting.Reason()).To(Equal(v1.ReasonFetchingCharts))
		Expect(waiting.Error()).To(Equal("fetching the charts of Istio 1.29.99 from " + request.Source.URL))
		Expect(ask()).To(Equal(waiting), "the same download")
		close(hold)
		Eventually(ended).Should(Receive())
		Expect(store.Charts(request)).To(HaveLen(4))
		server.Close()
		Expect(store.Charts(request)).To(HaveLen(4))
	})

	It("has what another store has kept at once", func() {
		directory := GinkgoT().TempDir()
		first := repository.NewStore(context.Background(), repository.Options{Dir: directory})
		Expect(first.Fetch(context.Background(), request)).To(HaveLen(4))
		server.Close()
		Expect(repository.NewStore(context.Background(), repository.Options{Dir: directory}).Charts(request)).To(HaveLen(4))
	})

	It("tries again what may pass with pauses that grow", func() {
		server.Handle("/charts/index.yaml", answer(http.StatusServiceUnavailable))
		ask()
		var pauses []time.Duration
		for range 8 {
			Eventually(ended).Should(Receive())
			before := requests()
			waiting := ask()
			Expect(waiting.Reason()).To(Equal(v1.ReasonRepositoryUnavailable))
			pauses = append(pauses, waiting.RetryAfter)
			pass(waiting.RetryAfter - 1)
			ask()
			Expect(requests()).To(Equal(before), "nothing is asked for during the pause")
			pass(1)
			Expect(reason(ask())).To(Equal(v1.ReasonRepositoryUnavailable), "the failure stays while it is tried again")
		}
		Expect(pauses).To(Equal([]time.Duration{
			2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute, time.Minute,
		}))
	})

	It("tries again what needs a person, slowly", func() {
		server.Handle("/charts/index.yaml", answer(http.StatusForbidden))
		ask()
		Eventually(ended).Should(Receive())
		Expect(ask()).To(And(HaveField("RetryAfter", time.Minute), HaveField("Failure.Reason", v1.ReasonRepositoryDenied)))
		server.Handle("/charts/index.yaml", nil)
		pass(time.Minute)
		ask()
		Eventually(ended).Should(Receive())
		Expect(store.Charts(request)).To(HaveLen(4))
	})

	It("tries again at once where spec has changed", func() {
		server.Handle("/charts/index.yaml", answer(http.StatusForbidden))
		ask()
		Eventually(ended).Should(Receive())
		server.Handle("/charts/index.yaml", nil)
		request.Attempt = "2"
		Expect(reason(ask())).To(Equal(v1.ReasonFetchingCharts))
		Eventually(ended).Should(Receive())
		Expect(store.Charts(request)).To(HaveLen(4))
	})

	It("says what is wrong with the credentials", func() {
		request.Access = func(context.Context) (repository.Access, error) {
			return repository.Access{}, repository.SecretError("Secret %s does not exist", "pull")
		}
		ask()
		Eventually(ended).Should(Receive())
		Expect(reason(ask())).To(Equal(v1.ReasonRepositorySecret))
		Expect(requests()).To(BeZero())
	})

	It("ends a download that is not wanted any more", func() {
		left := make(chan struct{}, 10)
		server.Handle("/charts/index.yaml", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			left <- struct{}{}
		})
		ask()
		Eventually(requests).Should(Equal(1))
		request.Source.Version = "1.29.98"
		ask()
		Eventually(left).Should(Receive())
	})

	DescribeTable("ends its downloads", func(end func()) {
		left := make(chan struct{}, 10)
		server.Handle("/charts/index.yaml", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			left <- struct{}{}
		})
		ask()
		Eventually(requests).Should(Equal(1))
		end()
		Eventually(left).Should(Receive())
	},
		Entry("with its context", func() { stop() }),
		Entry("when it is to forget the owner", func() { store.Cancel("mesh") }),
	)

	Context("asked for charts that it has given out, without their source", func() {
		BeforeEach(func() {
			ask()
			Eventually(ended).Should(Receive())
			Expect(store.Charts(request)).To(HaveLen(4))
			server.Close()
		})

		// Hardened: the store of charts, when spec.repository is dropped while its version runs | the charts were dropped with it
		It("still has those of the owner, until the owner needs them no more", func() {
			store.Cancel("mesh")
			Expect(store.Cached("mesh", version)).To(HaveLen(4))
			store.Retain("mesh", "1.28.2", version)
			Expect(store.Cached("mesh", version)).To(HaveLen(4))
			Expect(store.Cached("mesh", "1.29.98")).To(BeNil())
		})

		It("has those that are kept on disk", func() {
			again := repository.NewStore(context.Background(), repository.Options{Dir: directory, Limits: patient()})
			Expect(again.Cached("mesh", "1.29.98")).To(BeNil())
			Expect(again.Cached("mesh", version)).To(HaveLen(4))
		})

		It("has none where nothing is kept", func() {
			Expect(os.RemoveAll(directory)).To(Succeed())
			store.Retain("mesh")
			Expect(store.Cached("mesh", version)).To(BeNil())
		})
	})

	It("says once that charts cannot be kept, and goes on", func() {
		store = repository.NewStore(context.Background(), repository.Options{
			Dir: "/dev/null/charts", Changed: func() { ended <- struct{}{} }, Warn: func(err error) { warned <- err },
		})
		ask()
		Eventually(ended).Should(Receive())
		Expect(store.Charts(request)).To(HaveLen(4))
		Expect(warned).To(Receive(MatchError(ContainSubstring("a writable cache directory"))))
	})
})

// patient are limits that end no download while a test runs.
func patient() repository.Limits {
	limits := repository.DefaultLimits()
	limits.Deadline, limits.Window = time.Hour, time.Hour
	return limits
}
