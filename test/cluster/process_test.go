// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

func readAll(path string) string {
	data, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

var _ = Describe("A process of a cluster", func() {
	type ending struct {
		what string
		end  func(*cluster.Process) error
	}
	endings := []ending{{"killed", (*cluster.Process).Kill}, {"stopped", (*cluster.Process).Stop}}
	for _, name := range cluster.Processes() {
		for _, ending := range endings {
			It("is "+ending.what+" and started again, and the cluster goes on: "+name, func(ctx context.Context) {
				namespace := newNamespace(ctx)
				createDaemonSet(ctx, daemonSet(namespace, "before", "agent:1"))
				Eventually(readyOf(ctx, namespace, "before")).Should(BeEquivalentTo(sharedNodes))

				process := shared.Process(name)
				pid := process.PID()
				Expect(pid).NotTo(BeZero())
				Expect(ending.end(process)).To(Succeed())
				Expect(process.Running()).To(BeFalse())
				DeferCleanup(process.Start)
				Expect(process.Start(ctx)).To(Succeed())
				Expect(process.PID()).NotTo(Or(BeZero(), Equal(pid)))

				Expect(pods(ctx, namespace, "before")).To(HaveLen(sharedNodes))
				Expect(client.AppsV1().DaemonSets(namespace).Delete(ctx, "before", metav1.DeleteOptions{})).To(Succeed())
				createDaemonSet(ctx, daemonSet(namespace, "after", "agent:1"))
				Eventually(readyOf(ctx, namespace, "after")).Should(BeEquivalentTo(sharedNodes))
				Eventually(func() int { return len(pods(ctx, namespace, "before")) }).Should(BeZero())
			})
		}
	}

	It("is missed while it is stopped", func(ctx context.Context) {
		scheduler := shared.Process(cluster.Scheduler)
		Expect(scheduler.Stop()).To(Succeed())
		DeferCleanup(scheduler.Start)
		namespace := newNamespace(ctx)
		createDeployment(ctx, deployment(namespace, "waiting", "app:1", 1))
		Eventually(func() int { return len(pods(ctx, namespace, "waiting")) }).Should(Equal(1))
		Expect(pods(ctx, namespace, "waiting")[0].Spec.NodeName).To(BeEmpty())
		Expect(scheduler.Start(ctx)).To(Succeed())
		Eventually(func() int { return countReady(pods(ctx, namespace, "waiting")) }).Should(Equal(1))
	})

	It("may be another program, which replaces an earlier one and ends with it", func() {
		first, ended, err := shared.Run("sleep", "600")
		Expect(err).NotTo(HaveOccurred())
		pid := first.PID()
		Expect(pid).NotTo(BeZero())
		second, _, err := shared.Run("sleep", "600")
		Expect(err).NotTo(HaveOccurred())
		Eventually(ended).Should(BeClosed())
		Expect(second.PID()).NotTo(Or(BeZero(), Equal(pid)))
		Expect(second.Stop()).To(Succeed())
		Expect(second.Running()).To(BeFalse())
	})

	// kwok does not repeat what failed while the API was away.
	It("has kwok look at all pods again when it is a part of the API", func(ctx context.Context) {
		for _, name := range []string{cluster.Etcd, cluster.APIServer} {
			before := shared.Process(cluster.Kwok).PID()
			Expect(shared.Process(name).Kill()).To(Succeed())
			Expect(shared.Process(name).Start(ctx)).To(Succeed())
			Expect(shared.Process(cluster.Kwok).PID()).NotTo(Or(BeZero(), Equal(before)), name)
			_, err := client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
			Expect(err).NotTo(HaveOccurred(), name)
		}
	})

	It("says when its port is taken", func(ctx context.Context) {
		scheduler := shared.Process(cluster.Scheduler)
		var state struct{ Ports struct{ Scheduler int } }
		Expect(json.Unmarshal([]byte(readAll(shared.Dir()+"/cluster.json")), &state)).To(Succeed())
		Expect(scheduler.Kill()).To(Succeed())
		DeferCleanup(scheduler.Start)
		squatter, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", state.Ports.Scheduler))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(squatter.Close)
		Expect(scheduler.Start(ctx)).To(MatchError(ContainSubstring("a port was taken")))
	})

	It("says why it does not start", func(ctx context.Context) {
		kwok := shared.Process(cluster.Kwok)
		etcd := shared.Process(cluster.Etcd)
		Expect(kwok.LogFile()).To(BeARegularFile())
		Expect(etcd.Kill()).To(Succeed())
		Expect(os.Rename(shared.Dir()+"/etcd", shared.Dir()+"/aside")).To(Succeed())
		Expect(os.WriteFile(shared.Dir()+"/etcd", nil, 0o600)).To(Succeed())
		err := etcd.Start(ctx)
		Expect(os.Remove(shared.Dir() + "/etcd")).To(Succeed())
		Expect(os.Rename(shared.Dir()+"/aside", shared.Dir()+"/etcd")).To(Succeed())
		Expect(etcd.Start(ctx)).To(Succeed())
		Expect(err).To(MatchError(SatisfyAll(
			ContainSubstring("starting etcd"), ContainSubstring("ended by itself"), ContainSubstring("not a directory"))))
	})
})
