// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Unit tests of rules, as promtool reads them:
// https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/.
type (
	unitTests struct {
		RuleFiles          []string   `json:"rule_files"`
		EvaluationInterval string     `json:"evaluation_interval"`
		Tests              []unitTest `json:"tests"`
	}
	unitTest struct {
		Name        string           `json:"name"`
		Interval    string           `json:"interval"`
		Series      []series         `json:"input_series"`
		Expressions []expressionTest `json:"promql_expr_test"`
	}
	series struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	expressionTest struct {
		Expr     string   `json:"expr"`
		EvalTime string   `json:"eval_time"`
		Samples  []sample `json:"exp_samples"`
	}
	sample struct {
		Labels string `json:"labels"`
		Value  int    `json:"value"`
	}
)

const minute = time.Minute

// firing expects so many alerts of a name to fire at a time.
func firing(alert string, at time.Duration, count int) expressionTest {
	test := expressionTest{Expr: `count(ALERTS{alertstate="firing",alertname=~"` + alert + `"})`, EvalTime: at.String()}
	if count > 0 {
		test.Samples = []sample{{Labels: "{}", Value: count}}
	}
	return test
}

// phase is a mesh that is in it for two hours.
func phase(name string) []series {
	return []series{up, {`gloo_operator_mesh_phase{name="mesh",phase="` + name + `"}`, "1x120"}}
}

var up = series{`gloo_operator_info{version="v1"}`, "1x120"}

var _ = DescribeTable("promtool test rules: an alert is patient, and then fires, for",
	func(alert string, given []series) {
		all := rules()
		patience := all.named(alert).patience()
		promtool("", "test", "rules", file("test.yaml", unitTests{
			RuleFiles: []string{file("rules.yaml", all)}, EvaluationInterval: "1m", Tests: []unitTest{{
				Name: alert, Interval: "1m", Series: given,
				Expressions: []expressionTest{firing(alert, patience-minute, 0), firing(alert, patience+5*minute, 1)},
			}},
		}))
	},
	Entry("an operator that is not there", "GlooOperatorDown", []series{{`other`, "1x120"}}),
	Entry("attempts that fail", "GlooOperatorReconcileErrors",
		[]series{up, {`controller_runtime_reconcile_errors_total{controller="gloo-operator"}`, "0+1x120"}}),
	Entry("FAILED", "GlooMeshFailed", phase("FAILED")),
	Entry("ABORTED", "GlooMeshAborted", phase("ABORTED")),
	Entry("DEGRADED", "GlooMeshDegraded", phase("DEGRADED")),
	Entry("DEGRADED, over a change of the leader", "GlooMeshDegraded", []series{
		{`gloo_operator_mesh_phase{name="mesh",phase="DEGRADED",pod="a"}`, "1x5 stale"},
		{`gloo_operator_mesh_phase{name="mesh",phase="DEGRADED",pod="b"}`, "_x5 1x60"},
	}),
	Entry("PENDING", "GlooMeshChangeStuck", phase("PENDING")),
	Entry("INSTALLING", "GlooMeshChangeStuck", phase("INSTALLING")),
	Entry("UPGRADING", "GlooMeshChangeStuck", phase("UPGRADING")),
	Entry("UNINSTALLING", "GlooMeshChangeStuck", phase("UNINSTALLING")),
	Entry("pods that are not ready", "GlooMeshComponentNotReady", []series{up,
		{`gloo_operator_component_pods_ready{name="mesh",component="ztunnel"}`, "2x120"},
		{`gloo_operator_component_pods_desired{name="mesh",component="ztunnel"}`, "3x120"}}),
	Entry("an ownership conflict", "GlooMeshDriftFight", []series{up, {`gloo_operator_drift_fights{name="mesh"}`, "1x120"}}),
	Entry("pods that may bypass the mesh", "GlooMeshPodsBypass", []series{up, {`gloo_operator_mesh_bypass_suspects{name="mesh"}`, "1x120"}}),
	Entry("a node whose traffic is not proven", "GlooMeshTrafficNotProven", []series{up,
		{`gloo_operator_mesh_traffic_nodes{name="mesh",state="proven"}`, "2x120"}, {`gloo_operator_mesh_traffic_nodes{name="mesh",state="failing"}`, "1x120"}}),
	Entry("a certificate that expires soon", "GlooMeshCertificateExpiring", []series{up,
		{`gloo_operator_mesh_certificate_expiry_timestamp_seconds{name="mesh",certificate="root"}`, "100000x120"},
		{`gloo_operator_mesh_certificate_expiry_timestamp_seconds{name="mesh",certificate="signer"}`, "4000000x120"}}),
	Entry("drift that goes on", "GlooMeshDriftContinues",
		[]series{up, {`gloo_operator_drift_corrections_total{kind="DaemonSet",manager="kubectl-edit"}`, "0+2x120"}}),
	Entry("what stops an upgrade", "GlooMeshPreflightBlocking",
		[]series{up, {`gloo_operator_preflight_findings{name="mesh",check="CiliumExclusive",severity="blocking"}`, "1x120"}}),
)

var _ = It("promtool test rules: a mesh that is well makes no alert fire", func() {
	promtool("", "test", "rules", file("test.yaml", unitTests{
		RuleFiles: []string{file("rules.yaml", rules())}, EvaluationInterval: "1m", Tests: []unitTest{{
			Name: "well", Interval: "1m", Series: append(phase("SUCCEEDED"),
				series{`gloo_operator_mesh_phase{name="mesh",phase="FAILED"}`, "0x120"},
				series{`gloo_operator_component_pods_ready{name="mesh",component="ztunnel"}`, "3x120"},
				series{`gloo_operator_component_pods_desired{name="mesh",component="ztunnel"}`, "3x120"},
				series{`gloo_operator_drift_fights{name="mesh"}`, "0x120"},
				series{`gloo_operator_mesh_bypass_suspects{name="mesh"}`, "0x120"},
				series{`gloo_operator_mesh_traffic_nodes{name="mesh",state="proven"}`, "3x120"},
				series{`gloo_operator_mesh_traffic_nodes{name="mesh",state="unknown"}`, "0x120"},
				series{`gloo_operator_mesh_certificate_expiry_timestamp_seconds{name="mesh",certificate="root"}`, "4000000x120"},
				series{`gloo_operator_drift_corrections_total{kind="DaemonSet",manager="kubectl-edit"}`, "1x60 4x60"},
				series{`gloo_operator_preflight_findings{name="mesh",check="NodesNotLinux",severity="warning"}`, "1x120"},
				series{`controller_runtime_reconcile_errors_total{controller="gloo-operator"}`, "3x60 4x60"},
			),
			Expressions: []expressionTest{firing(".*", 119*minute, 0), firing(".*", 62*minute, 0)},
		}},
	}))
})

var _ = It("Nothing that fires is forgotten here", func() {
	Expect(rules().alerts()).To(HaveLen(len(faults)), "each rule has a fault of its own")
})
