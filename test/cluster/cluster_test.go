// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"os"
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

var _ = Describe("A cluster", func() {
	It("has the nodes that were asked for, with their labels", func(ctx context.Context) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/os=linux,zone=a"})
		Expect(err).NotTo(HaveOccurred())
		Expect(nodes.Items).To(HaveLen(sharedNodes))
		for _, node := range nodes.Items {
			Expect(node.Status.NodeInfo.KubeletVersion).To(Equal(kubernetesVersion()))
			Expect(node.Spec.Taints).To(BeEmpty())
		}
	})

	It("reports the version it was built from", func() {
		version, err := client.ServerVersion()
		Expect(err).NotTo(HaveOccurred())
		Expect(version.GitVersion).To(Equal(kubernetesVersion()))
	})

	It("publishes its CA to ServiceAccounts", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		Eventually(func() (string, error) {
			ca, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
			if err != nil {
				return "", err
			}
			return ca.Data["ca.crt"], nil
		}).Should(Equal(string(shared.Config("").CAData)))
	})

	It("gives a ServiceAccount the permissions of RBAC and no others", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		grant(ctx, namespace, "reader", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}})
		config, err := shared.ServiceAccountConfig(ctx, namespace, "reader", "sa-test")
		Expect(err).NotTo(HaveOccurred())
		account, err := kubernetes.NewForConfig(config)
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() error { // the authorizer learns of a new binding by a watch
			_, err := account.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
			return err
		}).Should(Succeed())
		_, err = account.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{})
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	})

	It("is reached by kubectl with its kubeconfig", func(ctx context.Context) {
		kubectl := exec.CommandContext(ctx, shared.Binary("kubectl"), "--kubeconfig", shared.Kubeconfig(), "get", "nodes", "-o", "name")
		out, err := kubectl.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		Expect(string(out)).To(ContainSubstring("node/node-1\n"))
	})

	It("gets and loses nodes", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		createDaemonSet(ctx, daemonSet(namespace, "agent", "agent:1"))
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))

		added, err := shared.AddNodes(ctx, 2)
		Expect(err).NotTo(HaveOccurred())
		Expect(added).To(HaveLen(2))
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes + 2))

		Expect(shared.RemoveNodes(ctx, added...)).To(Succeed())
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))
		Eventually(func() int { return len(pods(ctx, namespace, "agent")) }).Should(Equal(sharedNodes))
	})

	It("runs beside another one, which can be of K3s nodes", func(ctx context.Context) {
		dir := GinkgoT().TempDir()
		k3s, err := cluster.Start(ctx, cluster.Options{Dir: dir, Nodes: 1, KubeletVersion: "+k3s1", DisableAudit: true, Log: GinkgoWriter})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(k3s.Stop)

		nodes, err := clustertest.Client(k3s, "tests").CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(nodes.Items).To(HaveLen(1))
		Expect(nodes.Items[0].Status.NodeInfo.KubeletVersion).To(Equal(kubernetesVersion() + "+k3s1"))
		Expect(cluster.List()).To(ContainElements(
			cluster.Found{Dir: dir, Running: 5}, cluster.Found{Dir: shared.Dir(), Running: 5}))

		_, err = cluster.Start(ctx, cluster.Options{Dir: dir})
		Expect(err).To(MatchError(ContainSubstring("running already")))

		Expect(k3s.Stop()).To(Succeed())
		Expect(dir).NotTo(BeADirectory())
		Expect(cluster.List()).NotTo(ContainElement(HaveField("Dir", dir)))
		Expect(shared.Process(cluster.APIServer).Running()).To(BeTrue())
	})

	It("leaves a directory alone that holds something else", func(ctx context.Context) {
		dir := GinkgoT().TempDir()
		Expect(os.WriteFile(dir+"/thesis.txt", nil, 0o600)).To(Succeed())
		_, err := cluster.Start(ctx, cluster.Options{Dir: dir})
		Expect(err).To(MatchError(ContainSubstring("thesis.txt")))
		Expect(cluster.Down(dir)).To(MatchError(ContainSubstring("thesis.txt")))
		Expect(dir + "/thesis.txt").To(BeARegularFile())
	})
})

// grant makes a ServiceAccount with a Role of its name.
func grant(ctx context.Context, namespace, name string, rules ...rbacv1.PolicyRule) {
	GinkgoHelper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	_, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = client.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// kubernetesVersion is the version of Kubernetes that a cluster has by default.
func kubernetesVersion() string {
	GinkgoHelper()
	version, err := toolchain.Kubernetes("").Version()
	Expect(err).NotTo(HaveOccurred())
	return version
}
