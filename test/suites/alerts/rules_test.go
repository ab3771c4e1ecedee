// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoring "github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// groups are rules as Prometheus reads them.
type groups struct {
	Groups []group `json:"groups"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// patience is how long the rule waits before it fires.
func (r rule) patience() time.Duration {
	GinkgoHelper()
	duration, err := monitoring.ParseDuration(r.For)
	Expect(err).NotTo(HaveOccurred())
	return time.Duration(duration)
}

// rendered is the only object of that kind and name that the chart makes for watching.
func rendered(kind, name string) *unstructured.Unstructured {
	GinkgoHelper()
	objects := OperatorChart(map[string]any{"metrics": map[string]any{
		"prometheusRule": map[string]any{"enabled": true}, "dashboard": map[string]any{"enabled": true},
	}})
	objects = slices.DeleteFunc(ByKind(objects, kind), func(o *unstructured.Unstructured) bool { return o.GetName() != name })
	Expect(objects).To(HaveLen(1))
	return objects[0]
}

// rules are the alert rules that the chart makes.
func rules() groups {
	GinkgoHelper()
	text, err := yaml.Marshal(rendered("PrometheusRule", "gloo-operator").Object["spec"])
	Expect(err).NotTo(HaveOccurred())
	var all groups
	Expect(yaml.UnmarshalStrict(text, &all)).To(Succeed())
	return all
}

// alerts lists the rules of all groups.
func (g groups) alerts() []rule {
	var all []rule
	for _, group := range g.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// named is the rule of that alert.
func (g groups) named(alert string) rule {
	GinkgoHelper()
	i := slices.IndexFunc(g.alerts(), func(r rule) bool { return r.Alert == alert })
	Expect(i).NotTo(BeNumerically("<", 0), alert)
	return g.alerts()[i]
}

// file writes an object to a file of the spec's.
func file(name string, object any) string {
	GinkgoHelper()
	text, err := yaml.Marshal(object)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), name)
	Expect(os.WriteFile(path, text, 0o600)).To(Succeed())
	return path
}

// promtool runs the command and expects it to find nothing wrong.
func promtool(input string, arguments ...string) {
	GinkgoHelper()
	tools, err := toolchain.Unpack(context.Background(), toolchain.Prometheus(), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(tools.Path("promtool"), arguments...)
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

var _ = It("The rules are as Prometheus wants them", func() {
	promtool("", "check", "rules", file("rules.yaml", rules()))
})

var _ = It("Each alert says how bad it is, what is wrong, what to do, and where to read on", func() {
	docs, err := os.ReadFile(Repository("docs/alerts.md"))
	Expect(err).NotTo(HaveOccurred())
	for _, r := range rules().alerts() {
		Expect(r.Labels).To(HaveKeyWithValue("severity", BeElementOf("critical", "warning")), r.Alert)
		Expect(r.Annotations).To(And(HaveKeyWithValue("summary", HaveSuffix(".")), HaveKey("description")), r.Alert)
		Expect(r.Annotations["runbook_url"]).To(HaveSuffix("/docs/alerts.md#"+strings.ToLower(r.Alert)), r.Alert)
		Expect(string(docs)).To(ContainSubstring("\n## "+r.Alert+"\n"), "docs/alerts.md")
	}
	Expect(strings.Count(string(docs), "\n## Gloo")).To(Equal(len(rules().alerts())), "docs/alerts.md tells of alerts that there are not")
})

// ownName matches the operator's own metrics in an expression, and of a histogram's
// series its name.
var ownName = regexp.MustCompile(`gloo_operator_[a-z_]+`)

var _ = It("Rules and dashboard name metrics that there are", func() {
	var expressions []string
	for _, r := range rules().alerts() {
		expressions = append(expressions, r.Expr)
	}
	var known []string
	for _, m := range metrics.Metrics() {
		known = append(known, m.Name)
	}
	for _, expression := range append(expressions, queries()...) {
		for _, name := range ownName.FindAllString(expression, -1) {
			Expect(known).To(ContainElement(strings.TrimSuffix(name, "_bucket")), expression)
		}
	}
})
