// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

// What is promised about a standby that takes over.
const (
	afterStop = 3 * time.Second
	afterKill = 20 * time.Second
)

// replica is one of several operators; the audit log knows them apart.
type replica struct {
	*Operator
	name   string
	faults *faults.Injector
}

// startReplica runs a replica and returns when it is ready.
func startReplica(name string) *replica {
	GinkgoHelper()
	config, err := env.Cluster.ServiceAccountConfig(context.Background(), OperatorNamespace, "gloo-operator", Agent+"/"+name)
	Expect(err).NotTo(HaveOccurred())
	r := &replica{name: name, faults: faults.New()}
	probes := FreeAddress()
	r.Operator = LaunchOperator(r.faults.Config(config), func(o *manager.Options) { o.LeaderElection, o.ProbeAddress = true, probes })
	DeferCleanup(r.Kill)
	Eventually(func() (int, error) { return status("http://" + probes + "/readyz") }).Should(Equal(http.StatusOK))
	Expect(status("http://" + probes + "/healthz")).To(Equal(http.StatusOK))
	return r
}

func status(url string) (int, error) {
	response, err := http.Get(url)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// holder is who holds the Lease; empty where nobody does.
func holder() string {
	leases := &coordinationv1.LeaseList{}
	if env.API.List(context.Background(), leases, client.InNamespace(OperatorNamespace)) != nil || len(leases.Items) != 1 {
		return ""
	}
	return *leases.Items[0].Spec.HolderIdentity
}

// leader waits until somebody other than before leads.
func leader(before string) string {
	GinkgoHelper()
	Eventually(holder).ShouldNot(BeElementOf("", before))
	return holder()
}

var _ = Describe("Two replicas", Ordered, func() {
	var first, second *replica
	var leads string

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		first = startReplica("first")
		leads = leader("")
		second = startReplica("second")
	})

	It("change the leader in less than 3 s when it is stopped during an installation", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Mode: cluster.Unready})
		env.Create(Sample("minimal.yaml", Version("1.28.2")))
		Eventually(func() string { return env.Component("istiod").Message }).Should(ContainSubstring("0 of 2"))
		first.Stop()
		Eventually(holder, afterStop, 50*time.Millisecond).ShouldNot(BeElementOf("", leads))
		leads = holder()
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("change the leader in less than 20 s when it is killed during an upgrade", func() {
		startReplica("third")
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.29.1", Mode: cluster.Unready})
		env.SetVersion("1.29.1")
		Eventually(func() string { return env.Component("istiod").Message }).Should(ContainSubstring("1.28.2 → 1.29.1"))
		second.faults.Kill()
		Eventually(holder, afterKill, 50*time.Millisecond).ShouldNot(BeElementOf("", leads))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
	})

	It("write one at a time", func() {
		var order []string
		for _, request := range env.Requests(cluster.Mark{}, cluster.Writes()) {
			if request.Resource != "events" { // They are sent in the background.
				order = append(order, request.UserAgent)
			}
		}
		Expect(slices.Compact(order)).To(Equal([]string{Agent + "/first", Agent + "/second", Agent + "/third"}))
	})
})

var _ = Describe("An operator that is told to stop", func() {
	It("finishes the attempt that it is in, and writes the status", func(ctx SpecContext) {
		env = New(ctx)
		injector := faults.New()
		operator := LaunchOperator(injector.Config(env.OperatorConfig()))
		DeferCleanup(operator.Kill)
		role := func(r faults.Request) bool {
			return r.Resource == "clusterroles" && r.Name == "istiod-clusterrole-istio-system"
		}
		stopped := make(chan struct{})
		injector.Arm(faults.Rule{When: role, Times: 1, Fault: faults.Call(func() { operator.Cancel(); close(stopped) })})
		env.Create(Sample("minimal.yaml"))
		Eventually(stopped).Should(BeClosed())
		operator.Stop()
		env.Istiod() // It comes after the role.
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseInstalling))
		Expect(env.Component("istiod").Message).NotTo(BeEmpty(), fmt.Sprint(env.Mesh().Status))
	})
})
