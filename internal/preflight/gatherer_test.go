// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/apimachinery/pkg/watch"
	discoveryfake "k8s.io/client-go/discovery/fake"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"
	kubefake "k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
)

// fakeCluster answers a gatherer from memory.
type fakeCluster struct {
	*Gatherer
	kubernetes *kubefake.Clientset
	metadata   *metadatafake.FakeMetadataClient
	dynamic    *dynamicfake.FakeDynamicClient
	// namespaces are changes of namespaces that the test makes.
	namespaces *watch.RaceFreeFakeWatcher
	changes    atomic.Int32
}

// newFakeCluster has a mesh's namespace and something of all that is watched. Its gatherer
// has been started.
func newFakeCluster() *fakeCluster {
	GinkgoHelper()
	featurestesting.SetFeatureDuringTest(GinkgoTB(), features.WatchListClient, false) // Fake clients cannot stream lists.
	scheme := metadatafake.NewTestScheme()
	Expect(metav1.AddMetaToScheme(scheme)).To(Succeed())
	classes := map[schema.GroupVersionResource]string{
		{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}: "GatewayClassList",
	}
	f := &fakeCluster{
		namespaces: watch.NewRaceFreeFake(),
		kubernetes: kubefake.NewClientset(
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Status: ready(corev1.ConditionFalse)},
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: ready(corev1.ConditionTrue)},
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "cilium-config"}, Data: map[string]string{"cni-exclusive": "false"}},
			&corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "first", Name: "q"}},
			&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{"app": "istiod"}}, Subjects: []rbacv1.Subject{*serviceAccountIn("mesh")}},
		),
		metadata: metadatafake.NewSimpleMetadataClient(scheme,
			partial("v1", "Namespace", "", "first", map[string]string{podSecurityEnforce: "baseline"}),
			partial("v1", "Secret", "first", "pull", nil), partial("v1", "Secret", "first", "other", nil), partial("v1", "Secret", "second", "elsewhere", nil),
			partial("apps/v1", "DaemonSet", "kube-system", "calico-node", nil),
		),
		dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), classes, gatewayClass(map[string]any{"controllerName": "example.com/gateway"})),
	}
	f.metadata.PrependReactor("list", "namespaces", f.listNamespaces)
	f.metadata.PrependWatchReactor("namespaces", clienttesting.DefaultWatchReactor(f.namespaces, nil))
	f.kubernetes.Discovery().(*discoveryfake.FakeDiscovery).FakedServerVersion = &version.Info{GitVersion: "v1.34.1"}
	f.Gatherer = &Gatherer{
		clients: gatherClients{kubernetes: f.kubernetes, metadata: f.metadata, discovery: f.kubernetes.Discovery(), dynamic: f.dynamic},
		watches: map[string]*watched{},
	}
	f.changed = func() {
		f.stale.Store(true)
		f.changes.Add(1)
	}
	ctx, cancel := context.WithCancel(context.Background())
	DeferCleanup(cancel)
	f.ctx = ctx
	return f
}

// listNamespaces selects one namespace by name, as fake clients do not.
func (f *fakeCluster) listNamespaces(action clienttesting.Action) (bool, runtime.Object, error) {
	name, named := action.(clienttesting.ListAction).GetListRestrictions().Fields.RequiresExactMatch("metadata.name")
	if !named {
		return false, nil, nil
	}
	list := &metav1.List{}
	if namespace, err := f.metadata.Tracker().Get(action.GetResource(), "", name); err == nil {
		list.Items = append(list.Items, runtime.RawExtension{Object: namespace})
	}
	return true, list, nil
}

func partial(apiVersion, kind, namespace, name string, labels map[string]string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
	}
}

// gathered are the facts once the watches have synced.
func (f *fakeCluster) gathered(query Query) Facts {
	GinkgoHelper()
	var facts Facts
	Eventually(func() (err error) {
		facts, err = f.Gather(query)
		return err
	}).Should(Succeed())
	return facts
}

// versionsRead counts the requests for the API server's version.
func (f *fakeCluster) versionsRead() int {
	count := 0
	for _, action := range f.kubernetes.Actions() {
		if action.Matches("get", "version") {
			count++
		}
	}
	return count
}

// syncing is an informer that has its objects or not.
type syncing struct {
	cache.SharedIndexInformer
	synced bool
}

func (s syncing) HasSynced() bool { return s.synced }

var everything = Query{Namespace: "first", PullSecrets: []string{"pull", "elsewhere"}, GatewayClasses: true}

var _ = Describe("A gatherer", func() {
	It("answers with all facts when its watches have synced, and not before", func() {
		f := newFakeCluster()
		_, err := f.Gather(everything)
		Expect(err).To(MatchError(ErrGathering))
		facts := f.gathered(everything)
		Expect(facts.KubernetesVersion).To(Equal("v1.34.1"))
		Expect(facts.Nodes).To(Equal([]Node{
			{Name: "a", Kubelet: "v1.34.1", BootID: "b", OS: "linux", Image: "Debian", Runtime: "containerd://2"},
			{Name: "b", NotReady: true, Kubelet: "v1.34.1", BootID: "b", OS: "linux", Image: "Debian", Runtime: "containerd://2"},
		}))
		Expect(facts.CNIs).To(Equal([]string{"Calico"}))
		Expect(facts.Cilium).To(Equal(map[string]string{"cni-exclusive": "false"}))
		Expect(facts.PodSecurity).To(Equal("baseline"))
		Expect(facts.Quotas).To(ConsistOf(HaveField("Name", "q")))
		Expect(facts.PullSecrets).To(Equal([]string{"pull"}))
		Eventually(func() map[string]string { return f.gathered(everything).GatewayClasses }).Should(Equal(map[string]string{"c": "example.com/gateway"}),
			"facts are complete without them")
	})

	It("answers from memory until something changes", func() {
		f := newFakeCluster()
		query := Query{Namespace: "first"}
		f.gathered(query)
		remembered := func() string {
			f.mu.Lock()
			f.facts.KubernetesVersion = "remembered"
			f.mu.Unlock()
			return f.gathered(query).KubernetesVersion
		}
		Eventually(remembered).Should(Equal("remembered"), "when the watches have told what they began with")
		f.changed()
		Expect(f.gathered(query).KubernetesVersion).To(Equal("v1.34.1"))
		Eventually(remembered).Should(Equal("remembered"))
	})

	It("does not answer from memory after another question, nor after all watches ended", func() {
		f := newFakeCluster()
		query := Query{Namespace: "first"}
		f.gathered(query)
		for _, between := range []func(){func() { _, _ = f.Gather(Query{Namespace: "second"}) }, f.Reset} {
			between()
			f.stale.Store(false)
			_, err := f.Gather(query)
			Expect(err).To(MatchError(ErrGathering))
			f.gathered(query)
		}
	})

	It("reports changes, and that a watch of nothing has synced", func() {
		f := newFakeCluster()
		_, err := f.Namespace("second")
		Expect(err).To(MatchError(ErrGathering))
		Eventually(f.changes.Load).Should(BeEquivalentTo(1))
		Expect(f.Namespace("second")).To(Equal(Namespace{}))
		f.namespaces.Add(partial("v1", "Namespace", "", "second", nil))
		Eventually(f.changes.Load).Should(BeEquivalentTo(2))
	})

	It("reads the API server's version when the kubelets' versions change", func() {
		f := newFakeCluster()
		f.gathered(everything)
		f.changed()
		f.gathered(everything)
		Expect(f.versionsRead()).To(Equal(1))
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: ready(corev1.ConditionTrue)}
		node.Status.NodeInfo.KubeletVersion = "v1.35.0"
		_, err := f.kubernetes.CoreV1().Nodes().Update(context.Background(), node, metav1.UpdateOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() int {
			f.gathered(everything)
			return f.versionsRead()
		}).Should(Equal(2))
		node.Name = "c"
		_, err = f.kubernetes.CoreV1().Nodes().Create(context.Background(), node, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() []Node { return f.gathered(everything).Nodes }).Should(HaveLen(3))
		Expect(f.versionsRead()).To(Equal(2), "a node of a known version")
	})

	It("fails where the API server's version cannot be read", func() {
		f := newFakeCluster()
		f.kubernetes.PrependReactor("get", "version", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errForbidden })
		Eventually(func() error {
			_, err := f.Gather(everything)
			return err
		}).Should(MatchError("getting the API server's version: forbidden"))
	})

	It("fails where something cannot be read", func() {
		f := newFakeCluster()
		f.kubernetes.PrependReactor("list", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errForbidden })
		Eventually(func() error {
			_, err := f.Gather(Query{Namespace: "first"})
			return err
		}).Should(MatchError(And(HavePrefix("cannot read nodes: "), ContainSubstring("forbidden"))))
	})

	It("tells callers of the first failure alone, and of none once there are objects", func() {
		w := &watched{informer: syncing{}}
		Expect(w.fail(errForbidden)).To(BeTrue())
		Expect(w.fail(errors.New("again"))).To(BeFalse())
		Expect(w.failure).To(MatchError("again"))
		Expect((&watched{informer: syncing{synced: true}}).fail(errForbidden)).To(BeFalse())
	})

	It("does without GatewayClasses where these cannot be read", func() {
		f := newFakeCluster()
		f.dynamic.PrependReactor("list", "gatewayclasses", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errForbidden })
		facts := f.gathered(everything)
		Expect(facts.GatewayClasses).To(BeEmpty())
		Expect(facts.Nodes).To(HaveLen(2))
	})

	It("reports a failure that callers wait for", func() {
		f := newFakeCluster()
		var lists atomic.Int32
		f.metadata.PrependReactor("list", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
			lists.Add(1)
			return true, nil, errForbidden
		})
		_, err := f.Namespace("first")
		Expect(err).To(MatchError(ErrGathering))
		Eventually(f.changes.Load).Should(BeEquivalentTo(1))
		Expect(lists.Load()).To(BeEquivalentTo(1), "before the next try")
		_, err = f.Namespace("first")
		Expect(err).To(MatchError(ContainSubstring("forbidden")))
	})
})

var _ = It("Namespaces in the mesh are those with its label, sorted", func() {
	f := newFakeCluster()
	for name, mode := range map[string]string{"b": "ambient", "a": "ambient", "c": "none"} {
		Expect(f.metadata.Tracker().Add(partial("v1", "Namespace", "", name, map[string]string{"istio.io/dataplane-mode": mode}))).To(Succeed())
	}
	_, err := f.EnrolledNamespaces()
	Expect(err).To(MatchError(ErrGathering))
	Eventually(f.EnrolledNamespaces).Should(Equal([]string{"a", "b"}))
})

var _ = Describe("A namespace", func() {
	It("exists, ends, or is missing", func() {
		f := newFakeCluster()
		ending := partial("v1", "Namespace", "", "ending", nil)
		now := metav1.Now()
		ending.UID, ending.DeletionTimestamp = "u", &now
		Expect(f.metadata.Tracker().Add(ending)).To(Succeed())
		read := func(name string) Namespace {
			var n Namespace
			Eventually(func() (err error) {
				n, err = f.Namespace(name)
				return err
			}).Should(Succeed())
			return n
		}
		Expect(read("ending")).To(Equal(Namespace{UID: "u", Terminating: true}))
		Expect(read("missing").Missing()).To(BeTrue())
		Expect(read("ending").Missing()).To(BeFalse())
	})
})

var _ = Describe("A gatherer of a cluster", func() {
	It("knows nothing until it is started, and then asks for little", func() {
		var accepts atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/nodes" {
				accepts.Store(r.Header.Get("Accept"))
			}
			w.WriteHeader(http.StatusForbidden)
		}))
		DeferCleanup(server.Close)
		var changes atomic.Int32
		g, err := NewGatherer(&rest.Config{Host: server.URL}, func() { changes.Add(1) })
		Expect(err).NotTo(HaveOccurred())
		Expect(g.NeedLeaderElection()).To(BeFalse(), "standbys watch as well")
		_, err = g.Gather(Query{})
		Expect(err).To(MatchError(ErrGathering))
		_, err = g.Namespace("first")
		Expect(err).To(MatchError(ErrGathering))
		_, err = g.EnrolledNamespaces()
		Expect(err).To(MatchError(ErrGathering))

		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- g.Start(ctx) }()
		Eventually(changes.Load).Should(BeEquivalentTo(1))
		Expect(g.stale.Load()).To(BeTrue())
		Eventually(func() error {
			_, err := g.Gather(Query{Namespace: "first"})
			return err
		}).Should(MatchError(ContainSubstring("cannot read")))
		Eventually(accepts.Load).Should(Equal("application/vnd.kubernetes.protobuf,application/json"))
		Consistently(ended, "50ms").ShouldNot(Receive())
		cancel()
		Eventually(ended).Should(Receive(BeNil()))
	})

	It("is none without an address", func() {
		g, err := NewGatherer(&rest.Config{Host: "http://a b"}, func() {})
		Expect(err).To(HaveOccurred())
		Expect(g).To(BeNil())
	})
})
