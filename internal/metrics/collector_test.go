// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/internal/metrics"
)

// report reports a mesh that is being upgraded.
func report(r *Collector, name string) {
	r.Report(&v1.ServiceMeshController{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.ServiceMeshControllerSpec{Version: "1.30.0"},
	}, v1.ServiceMeshControllerStatus{
		Phase: v1.PhaseUpgrading, Version: "1.29.1", Environment: &v1.EnvironmentStatus{Kubernetes: "v1.37.2", Platform: "k3s"},
		Certificates: &v1.CertificatesStatus{Root: &v1.CertificateStatus{NotAfter: metav1.Unix(5000, 0)}},
		Traffic:      &v1.TrafficStatus{Nodes: v1.TrafficNodes{Proven: 5, Failing: 2, Unknown: 1}},
		Bypass:       &v1.BypassStatus{LastCheckTime: &metav1.Time{Time: time.Unix(3000, 0)}, Suspects: 4},
		Components:   []v1.ComponentStatus{{Name: v1.ComponentBase}, {Name: v1.ComponentZtunnel, Pods: "1/3", Desired: 3, Updated: 1, Ready: 2}},
		Conditions: []metav1.Condition{
			{Type: v1.ConditionInitialized, Status: metav1.ConditionTrue, LastTransitionTime: metav1.Unix(2000, 0)},
			{Type: v1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.Unix(3000, 0)},
		},
	})
}

// text is what a scrape of some metrics shows, without comments.
func text(r prometheus.Collector, names ...string) []string {
	GinkgoHelper()
	registry := prometheus.NewPedanticRegistry()
	Expect(registry.Register(r)).To(Succeed())
	content, err := testutil.CollectAndFormat(r, expfmt.TypeTextPlain, names...)
	Expect(err).NotTo(HaveOccurred())
	var lines []string
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

var _ = It("A collector exports the operator's version, and no mesh before its first report", func() {
	r := New("v1")
	r.OwnershipConflicts("mesh", 1)
	Expect(text(r, "gloo_operator_info", "gloo_operator_mesh_ready", "gloo_operator_drift_fights")).To(ConsistOf(`gloo_operator_info{version="v1"} 1`))
})

// everything reports all data.
func everything(r *Collector) {
	report(r, "mesh")
	r.Changed("mesh", time.Unix(4000, 0))
	r.OwnershipConflicts("mesh", 2)
	r.Findings("mesh", []Finding{{Check: "A", Blocking: true}, {Check: "B"}, {Check: "B"}})
	r.Planned(time.Now())
	r.Applied("istiod", time.Now())
	r.Sent("istiod", "Deployment", Created)
	r.Corrected("Deployment", []string{"kubectl-edit"})
}

var types = map[dto.MetricType]string{dto.MetricType_GAUGE: "gauge", dto.MetricType_COUNTER: "counter", dto.MetricType_HISTOGRAM: "histogram"}

var _ = It("What is described is what is shown", func() {
	r := New("v1")
	everything(r)
	registry := prometheus.NewPedanticRegistry()
	Expect(registry.Register(r)).To(Succeed())
	families, err := registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	var shown []Metric
	for _, family := range families {
		var labels []string
		for _, label := range family.Metric[0].Label {
			labels = append(labels, label.GetName())
		}
		shown = append(shown, Metric{Name: family.GetName(), Type: types[family.GetType()], Labels: labels, Help: family.GetHelp()})
	}
	Expect(shown).To(HaveLen(len(Metrics())))
	for _, m := range Metrics() {
		Expect(shown).To(ContainElement(And(HaveField("Name", m.Name), HaveField("Type", m.Type), HaveField("Help", m.Help),
			HaveField("Labels", ConsistOf(m.Labels)))))
	}
})

var _ = It("Pods that may bypass the mesh are counted only where they are looked for", func() {
	r := New("v1")
	report(r, "mesh")
	Expect(text(r, "gloo_operator_mesh_bypass_suspects")).To(ConsistOf(`gloo_operator_mesh_bypass_suspects{name="mesh"} 4`))
	for _, unknown := range []*v1.BypassStatus{nil, {Message: "not checked"}} {
		r.Report(&v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Name: "mesh"}}, v1.ServiceMeshControllerStatus{Phase: v1.PhaseSucceeded, Bypass: unknown})
		Expect(text(r, "gloo_operator_mesh_bypass_suspects")).To(BeEmpty())
	}
})

var _ = It("Nodes are counted by what their probes have found, where there are probes", func() {
	r := New("v1")
	report(r, "mesh")
	Expect(text(r, "gloo_operator_mesh_traffic_nodes")).To(ConsistOf(
		`gloo_operator_mesh_traffic_nodes{name="mesh",state="proven"} 5`, `gloo_operator_mesh_traffic_nodes{name="mesh",state="failing"} 2`,
		`gloo_operator_mesh_traffic_nodes{name="mesh",state="unknown"} 1`))
	r.Report(&v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Name: "mesh"}}, v1.ServiceMeshControllerStatus{Phase: v1.PhaseSucceeded})
	Expect(text(r, "gloo_operator_mesh_traffic_nodes")).To(BeEmpty())
})

var _ = It("Certificates have the time at which they expire, where they are known", func() {
	r := New("v1")
	smc := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Name: "mesh"}}
	r.Report(smc, v1.ServiceMeshControllerStatus{Phase: v1.PhaseSucceeded, Certificates: &v1.CertificatesStatus{
		Root: &v1.CertificateStatus{NotAfter: metav1.Unix(5000, 0)}, Signer: &v1.CertificateStatus{NotAfter: metav1.Unix(4000, 0)}}})
	Expect(text(r, "gloo_operator_mesh_certificate_expiry_timestamp_seconds")).To(ConsistOf(
		`gloo_operator_mesh_certificate_expiry_timestamp_seconds{certificate="root",name="mesh"} 5000`,
		`gloo_operator_mesh_certificate_expiry_timestamp_seconds{certificate="signer",name="mesh"} 4000`))
	r.Report(smc, v1.ServiceMeshControllerStatus{Phase: v1.PhaseSucceeded, Certificates: &v1.CertificatesStatus{}})
	Expect(text(r, "gloo_operator_mesh_certificate_expiry_timestamp_seconds")).To(BeEmpty())
})

var _ = It("Names and help follow the conventions of Prometheus", func() {
	r := New("v1")
	everything(r)
	problems, err := testutil.CollectAndLint(r)
	Expect(err).NotTo(HaveOccurred())
	Expect(problems).To(BeEmpty())
})

var _ = Describe("Of a mesh", func() {
	var r *Collector
	BeforeEach(func() {
		r = New("v1")
		report(r, "mesh")
	})

	It("one phase is shown as 1", func() {
		lines := text(r, "gloo_operator_mesh_phase")
		Expect(lines).To(HaveLen(len(v1.Phases())))
		Expect(lines).To(ContainElements(
			`gloo_operator_mesh_phase{name="mesh",phase="UPGRADING"} 1`, `gloo_operator_mesh_phase{name="mesh",phase="SUCCEEDED"} 0`))
	})

	It("the versions and the cluster are shown", func() {
		Expect(text(r, "gloo_operator_mesh_info")).To(ConsistOf(`gloo_operator_mesh_info{cni="",desired_version="1.30.0",` +
			`install_namespace="istio-system",kubernetes="v1.37.2",name="mesh",platform="k3s",version="1.29.1"} 1`))
	})

	It("pods are shown for components that have any", func() {
		Expect(text(r, "gloo_operator_component_pods_desired", "gloo_operator_component_pods_updated", "gloo_operator_component_pods_ready")).To(ConsistOf(
			`gloo_operator_component_pods_desired{component="ztunnel",name="mesh"} 3`,
			`gloo_operator_component_pods_updated{component="ztunnel",name="mesh"} 1`,
			`gloo_operator_component_pods_ready{component="ztunnel",name="mesh"} 2`))
	})

	It("the last change is that of a condition until the operator changes something", func() {
		Expect(text(r, "gloo_operator_mesh_last_change_timestamp_seconds")).To(ConsistOf(HaveSuffix("} 3000")))
		r.Changed("mesh", time.Unix(2500, 0))
		Expect(text(r, "gloo_operator_mesh_last_change_timestamp_seconds")).To(ConsistOf(HaveSuffix("} 2500")))
	})

	It("findings are those of the last preflight", func() {
		r.Findings("mesh", []Finding{{Check: "A", Blocking: true}, {Check: "B"}, {Check: "B"}})
		Expect(text(r, "gloo_operator_preflight_findings")).To(ConsistOf(
			`gloo_operator_preflight_findings{check="A",name="mesh",severity="blocking"} 1`,
			`gloo_operator_preflight_findings{check="B",name="mesh",severity="warning"} 2`))
		r.Findings("mesh", nil)
		Expect(text(r, "gloo_operator_preflight_findings")).To(BeEmpty())
	})

	// Hardened: a resource that cannot be decoded | no metric showed it
	It("it is shown whether its resource can be decoded, before it has a status too", func() {
		r.Undecodable("broken", true)
		Expect(text(r, "gloo_operator_mesh_undecodable")).To(ConsistOf(
			`gloo_operator_mesh_undecodable{name="mesh"} 0`, `gloo_operator_mesh_undecodable{name="broken"} 1`))
	})

	It("nothing is left when its resource has gone", func() {
		report(r, "other")
		r.Delete("mesh")
		Expect(text(r, "gloo_operator_mesh_ready", "gloo_operator_drift_fights")).To(ConsistOf(
			`gloo_operator_mesh_ready{name="other"} 0`, `gloo_operator_drift_fights{name="other"} 0`))
	})
})

var _ = It("Field managers have a bounded number of series, whatever their names", func() {
	r := New("v1")
	for i := range 1000 {
		r.Corrected("Deployment", []string{fmt.Sprintf("manager-%d", i)})
	}
	r.Corrected("Deployment", []string{"manager-3"})
	r.Corrected("Deployment", []string{"manager-3", "manager-4"})
	r.Corrected("Deployment", nil)
	lines := text(r, "gloo_operator_drift_corrections_total")
	Expect(lines).To(HaveLen(23))
	for manager, count := range map[string]int{"manager-3": 2, "other": 980, "several": 1, "unknown": 1} {
		Expect(lines).To(ContainElement(fmt.Sprintf(`gloo_operator_drift_corrections_total{kind="Deployment",manager=%q} %d`, manager, count)))
	}
})

var _ = It("A collector exports on controller-runtime's endpoint while it runs, and a later one replaces it", func(ctx SpecContext) {
	names := func() []string {
		families, err := ctrlmetrics.Registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		var versions []string
		for _, family := range families {
			if family.GetName() == "gloo_operator_info" {
				versions = append(versions, family.Metric[0].Label[0].GetValue())
			}
		}
		return versions
	}
	start := func(version string) (stop func()) {
		running, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- New(version).Start(running) }()
		Eventually(names).Should(Equal([]string{version}))
		return func() {
			cancel()
			Eventually(ended).Should(Receive(Succeed()))
		}
	}
	Expect(names()).To(BeEmpty())
	first := start("v1")
	second := start("v2")
	second()
	Expect(names()).To(BeEmpty())
	first()
})
