// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// prometheus is Debian's, which runs on loopback until the node that started it ends.
type prometheus struct{ url string }

// prometheusConfig scrapes as the chart's ServiceMonitor has the Prometheus operator do,
// but more often. Places: rules, address, file with a token.
const prometheusConfig = `
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs:
  - job_name: gloo-operator-metrics
    scheme: https
    authorization: {credentials_file: %q}
    tls_config: {insecure_skip_verify: true}
    static_configs: [{targets: [%q]}]
`

// hasty are the chart's rules without the patience that other tests are about.
func hasty() groups {
	GinkgoHelper()
	all := rules()
	for _, group := range all.Groups {
		for i := range group.Rules {
			group.Rules[i].For = "0s"
		}
	}
	return all
}

// startPrometheus has it scrape that address with a token.
func startPrometheus(ctx context.Context, address, token string) prometheus {
	GinkgoHelper()
	tools, err := toolchain.Unpack(ctx, toolchain.Prometheus(), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	directory := GinkgoT().TempDir()
	secret, config := filepath.Join(directory, "token"), filepath.Join(directory, "prometheus.yaml")
	Expect(os.WriteFile(secret, []byte(token), 0o600)).To(Succeed())
	Expect(os.WriteFile(config, fmt.Appendf(nil, prometheusConfig, file("rules.yaml", hasty()), secret, address), 0o600)).To(Succeed())
	own := FreeAddress()
	command := exec.Command(tools.Path("prometheus"),
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address="+own)
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		Expect(command.Process.Signal(syscall.SIGTERM)).To(Succeed())
		Expect(command.Wait()).To(Succeed())
	})
	p := prometheus{url: "http://" + own}
	Eventually(func() error { return p.get("/api/v1/status/runtimeinfo", nil) }).Should(Succeed())
	return p
}

// get asks Prometheus, and reads the data of its answer.
func (p prometheus) get(path string, data any) error {
	response, err := http.Get(p.url + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// firing lists the names of the alerts that fire.
func (p prometheus) firing(g Gomega) []string {
	var data struct {
		Alerts []struct {
			Labels map[string]string
			State  string
		}
	}
	g.Expect(p.get("/api/v1/alerts", &data)).To(Succeed())
	names := []string{}
	for _, alert := range data.Alerts {
		if alert.State == "firing" {
			names = append(names, alert.Labels["alertname"])
		}
	}
	return names
}

// found is a series that a query finds.
type found struct {
	labels map[string]string
	points [][2]float64
}

// step is how many seconds lie between two points of a range.
const step = 0.5

// askRange lists the series that a query finds between a time and now.
func (p prometheus) askRange(g Gomega, query string, since time.Time) []found {
	var data struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any
		}
	}
	times := fmt.Sprintf("&start=%d&end=%d&step=%g", since.Unix(), time.Now().Unix(), step)
	g.Expect(p.get("/api/v1/query_range?query="+url.QueryEscape(query)+times, &data)).To(Succeed())
	all := make([]found, len(data.Result))
	for i, result := range data.Result {
		all[i].labels = result.Metric
		for _, value := range result.Values {
			number, err := strconv.ParseFloat(value[1].(string), 64)
			g.Expect(err).NotTo(HaveOccurred())
			all[i].points = append(all[i].points, [2]float64{value[0].(float64), number})
		}
	}
	return all
}

// ask lists the series that a query finds.
func (p prometheus) ask(g Gomega, query string) []any {
	var data struct{ Result []any }
	g.Expect(p.get("/api/v1/query?query="+url.QueryEscape(query), &data)).To(Succeed())
	return data.Result
}
