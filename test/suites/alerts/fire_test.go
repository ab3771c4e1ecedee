// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var (
	env      *Env
	operator *Operator
	// address is that of the operator's metrics.
	address string
	watcher prometheus
	began   time.Time
)

// startOperator runs an operator until the container ends.
func startOperator() {
	operator = LaunchOperator(env.OperatorConfig(), func(o *manager.Options) {
		o.Probe = plan.Probe{Namespace: plan.ProbeNamespace, Image: "operator"}
		o.LeaderElection, o.MetricsAddress, o.Version, o.DetectBypass, o.BypassGrace = true, address, "v1", true, 5*time.Second
	})
}

// tokenOf is a token of a ServiceAccount in the namespace default.
func tokenOf(ctx context.Context, account string) string {
	GinkgoHelper()
	config, err := env.Cluster.ServiceAccountConfig(ctx, "default", account, "scraper")
	Expect(err).NotTo(HaveOccurred())
	return config.BearerToken
}

// scrape asks for the metrics with a token, and returns the answer's code and text.
func scrape(token string) (int, string) {
	GinkgoHelper()
	request, err := http.NewRequest(http.MethodGet, "https://"+address+"/metrics", nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(text)
}

var _ = Describe("Watched by Prometheus", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		began = time.Now()
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 2 })
		env.AuthorizeProbes(ctx)
		env.Kubectl("create", "serviceaccount", "scraper", "-n", "default")
		env.Kubectl("create", "clusterrolebinding", "scraper", "--clusterrole=gloo-operator-metrics-reader", "--serviceaccount=default:scraper")
		address = FreeAddress()
		watcher = startPrometheus(ctx, address, tokenOf(ctx, "scraper"))
	})
	AfterAll(func() { operator.Stop() })

	for _, f := range faults {
		It("the alert "+f.alert+" fires when "+f.story, func() {
			f.make()
			Eventually(func(g Gomega) {
				if f.again != nil {
					f.again(g)
				}
				g.Expect(watcher.firing(g)).To(ContainElement(f.alert))
			}).Should(Succeed())
			f.fix()
			if !f.stays {
				Eventually(watcher.firing).ShouldNot(ContainElement(f.alert))
			}
		})
	}

	It("the dashboard has an answer to every query", func() {
		env.Kubectl("create", "quota", "small", "-n", Namespace, "--hard=pods=1") // A finding to show.
		for _, query := range queries() {
			Eventually(func(g Gomega) []any { return watcher.ask(g, query) }).ShouldNot(BeEmpty(), query)
		}
		draw(Default, shown(), began)
	})

	It("the metrics are as Prometheus wants them", func(ctx SpecContext) {
		code, text := scrape(tokenOf(ctx, "scraper"))
		Expect(code).To(Equal(http.StatusOK))
		Expect(text).To(ContainSubstring(`gloo_operator_mesh_info{`))
		promtool(text, "check", "metrics")
	})

	It("nobody else gets them", func(ctx SpecContext) {
		code, _ := scrape("")
		Expect(code).To(Equal(http.StatusUnauthorized))
		code, _ = scrape(tokenOf(ctx, "default"))
		Expect(code).To(Equal(http.StatusForbidden))
	})

	It("the series of a mesh go with its resource", func(ctx SpecContext) {
		env.Kubectl("delete", "quota", "small", "-n", Namespace)
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Eventually(func() string {
			_, text := scrape(tokenOf(ctx, "scraper"))
			return text
		}).ShouldNot(ContainSubstring(`name="` + Name + `"`))
	})
})
