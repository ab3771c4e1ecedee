// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"maps"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

// step is how many writes of an installation lie between two states from which it
// is removed.
const step = 6

var _ = Describe("Deleting the resource", func() {
	var s *site

	BeforeEach(func() { s = sites[0] })

	It("removes whatever a killed installation has left", func() {
		writes := undisturbed.writes[install]
		for k := 1; k < len(writes); k += step {
			By(writes[k].String())
			s.faults.Arm(writes[k].rule(faults.DieAfterActing))
			s.begin(install)
			died := s.die(install)
			s.begin(uninstall)
			s.replace()
			s.finish(uninstall)
			Eventually(s.leftovers).Should(BeEmpty())
			if died {
				results.add("deleted when half-installed", install, 1)
			}
		}
	})

	It("ends while the install namespace is terminating", func() {
		s.begin(install)
		s.converge(install)
		s.Kubectl("delete", "namespace", Namespace, "--wait=false")
		s.begin(uninstall)
		s.finish(uninstall)
		s.Kubectl("wait", "--for=delete", "namespace/"+Namespace, "--timeout=240s")
		s.Authorize(context.Background()) // The operator's role was in it.
		Eventually(s.leftovers).Should(BeEmpty())
		results.add("install namespace terminating", uninstall, 1)
	})

	It("ends with webhooks of the mesh that do not answer, and nothing asks them afterwards", func() {
		s.begin(install)
		s.converge(install)
		s.operator.Kill() // It would put its webhooks right again.
		for kind, name := range map[string]string{"validating": "istio-validator-istio-system", "mutating": "istio-sidecar-injector"} {
			s.Kubectl("patch", kind+"webhookconfiguration", name, "--type", "json", "-p", everything)
		}
		ask := func() error {
			_, err := s.TryKubectl("create", "configmap", "-n", "default", "asks", "--dry-run=server")
			return err
		}
		Eventually(ask).ShouldNot(Succeed(), "nothing serves the webhook")
		s.begin(uninstall)
		s.start()
		s.finish(uninstall)
		Eventually(s.leftovers).Should(BeEmpty())
		Eventually(ask).Should(Succeed())
		results.add("webhooks of the mesh do not answer", uninstall, 1)
	})

	It("says what holds it up, and ends when that is gone", func() {
		s.begin(install)
		s.converge(install)
		s.Kubectl("apply", "--server-side", "-f", "testdata/holdup.yaml")
		DeferCleanup(func() { _, _ = s.TryKubectl("delete", "validatingwebhookconfiguration", "somebody-elses") })
		s.begin(uninstall)
		Eventually(func() v1.ServiceMeshControllerStatus { return s.Mesh().Status }).Should(And(
			HaveField("Phase", v1.PhaseUninstalling),
			HaveField("Message", And(ContainSubstring("DaemonSet istio-system/ztunnel"), ContainSubstring("holdup.example.com")))))
		s.Kubectl("delete", "validatingwebhookconfiguration", "somebody-elses")
		s.finish(uninstall)
		Eventually(s.leftovers).Should(BeEmpty())
		results.add("another client's webhook refuses", uninstall, 1)
	})
})

// everything makes the first webhook of a configuration be asked about every
// ConfigMap, Pod, ServiceAccount and workload of the mesh, and be waited for.
const everything = `[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Fail"},` +
	`{"op":"replace","path":"/webhooks/0/timeoutSeconds","value":1},` +
	`{"op":"replace","path":"/webhooks/0/namespaceSelector","value":{}},` +
	`{"op":"replace","path":"/webhooks/0/objectSelector","value":{}},` +
	`{"op":"replace","path":"/webhooks/0/rules","value":[{"apiGroups":["","apps"],"apiVersions":["*"],` +
	`"operations":["CREATE","UPDATE","DELETE"],"resources":["configmaps","pods","serviceaccounts","daemonsets","deployments"]}]}]`

// leftovers lists what of a mesh is in the cluster besides what an uninstallation
// keeps.
func (s *site) leftovers() ([]string, error) {
	snapshot, err := s.Snapshot(context.Background())
	var left []string
	for name := range maps.Keys(snapshot) {
		if _, kept := undisturbed.leaves[uninstall][name]; !kept && !strings.HasPrefix(name, "Namespace ") {
			left = append(left, name)
		}
	}
	return left, err
}
