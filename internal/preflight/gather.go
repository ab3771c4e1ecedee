// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// ErrGathering reports that the watches have not synced yet. The gatherer calls changed
// when they have.
var ErrGathering = errors.New("the cluster is still being inspected")

// Gatherer reads Facts from watches that keep only what the checks need. It reads the API
// server's version again when the kubelets' versions change. It is safe for concurrent use.
type Gatherer struct {
	clients gatherClients
	changed func()

	// stale reports whether facts may have changed since the last answer.
	stale     atomic.Bool
	mu        sync.Mutex
	lastQuery Query
	facts     Facts
	ctx       context.Context // Nil until started.
	watches   map[string]*watched
	version   string
	kubelets  string
}

type gatherClients struct {
	kubernetes kubernetes.Interface
	metadata   metadata.Interface
	dynamic    dynamic.Interface
	discovery  discovery.ServerVersionInterface
}

// watched is a running informer.
type watched struct {
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
	// mu guards failure.
	mu      sync.Mutex
	failure error
}

// NewGatherer returns a gatherer that calls changed whenever a fact may have changed.
func NewGatherer(config *rest.Config, changed func()) (*Gatherer, error) {
	clientset, errKubernetes := kubernetes.NewForConfig(config)
	meta, errMetadata := metadata.NewForConfig(metadata.ConfigFor(config))
	dyn, errDynamic := dynamic.NewForConfig(config)
	if err := errors.Join(errKubernetes, errMetadata, errDynamic); err != nil {
		return nil, err
	}
	g := &Gatherer{
		clients: gatherClients{kubernetes: clientset, metadata: meta, dynamic: dyn, discovery: discovery.NewDiscoveryClient(clientset.CoreV1().RESTClient())},
		watches: map[string]*watched{},
	}
	g.changed = func() {
		g.stale.Store(true)
		changed()
	}
	return g, nil
}

// Start keeps watches running until the context ends. Each starts with the first query that
// needs it.
func (g *Gatherer) Start(ctx context.Context) error {
	g.mu.Lock()
	g.ctx = ctx
	g.mu.Unlock()
	g.changed()
	<-ctx.Done()
	return nil
}

// NeedLeaderElection makes the manager start the gatherer on standbys as well.
func (g *Gatherer) NeedLeaderElection() bool { return false }

// Query selects what is read beside the cluster as a whole.
type Query struct {
	// Namespace to install into.
	Namespace string
	// PullSecrets are names of secrets in that namespace.
	PullSecrets []string
	// GatewayClasses reports whether the cluster serves them.
	GatewayClasses bool
	// CiliumPolicies reports whether the cluster serves Cilium's cluster-wide network
	// policies, and they matter to the mesh.
	CiliumPolicies bool
}

// Gather returns all facts but CRDs. It fails with ErrGathering until the watches have
// synced, and with the API server's error if something cannot be read.
func (g *Gatherer) Gather(query Query) (Facts, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil {
		return Facts{}, ErrGathering
	}
	if reflect.DeepEqual(query, g.lastQuery) && !g.stale.Swap(false) {
		return g.facts, nil
	}
	g.lastQuery = Query{}
	wanted := sources(query)
	g.stopOthers(append(slices.Clone(wanted), enrolledSource()))
	objects := map[string][]any{}
	var failures []error
	for _, source := range wanted {
		list, err := g.read(source)
		if !source.optional {
			failures = append(failures, err)
		}
		objects[source.name] = append(objects[source.name], list...)
	}
	if err := firstError(failures); err != nil {
		return Facts{}, err
	}
	facts := factsFrom(objects, query)
	if err := g.readVersion(facts.Nodes); err != nil {
		return Facts{}, err
	}
	facts.KubernetesVersion = g.version
	g.lastQuery, g.facts = query, facts
	return facts, nil
}

// Reset stops all watches, as when no mesh is left. It calls changed, since callers may
// wait for a watch that has ended.
func (g *Gatherer) Reset() {
	g.mu.Lock()
	g.lastQuery, g.facts = Query{}, Facts{}
	g.stopOthers(nil)
	g.mu.Unlock()
	g.changed()
}

// stopOthers stops the watches of all other sources.
func (g *Gatherer) stopOthers(wanted []source) {
	for key := range g.watches {
		if !slices.ContainsFunc(wanted, func(s source) bool { return s.key() == key }) {
			g.stop(key)
		}
	}
}

// stop stops a watch if it runs.
func (g *Gatherer) stop(key string) {
	if w, running := g.watches[key]; running {
		w.stop()
		delete(g.watches, key)
	}
}

// Namespace is the state of a namespace.
type Namespace struct {
	// UID is empty if the namespace does not exist.
	UID types.UID
	// Terminating reports whether it is being deleted.
	Terminating bool
}

// Missing reports whether the namespace does not exist.
func (n Namespace) Missing() bool { return n.UID == "" }

// Namespace returns the state of a namespace. It fails as Gather does, and needs no
// permissions in the namespace.
func (g *Gatherer) Namespace(name string) (Namespace, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil {
		return Namespace{}, ErrGathering
	}
	list, err := g.read(namespaceSource(name))
	if err != nil {
		return Namespace{}, err
	}
	for _, namespace := range sortedAs[*metav1.PartialObjectMetadata](list) {
		return Namespace{UID: namespace.UID, Terminating: namespace.DeletionTimestamp != nil}, nil
	}
	return Namespace{}, nil
}

// EnrolledNamespaces returns the names, sorted, of the namespaces that
// istio.io/dataplane-mode=ambient puts into the mesh. They are watched from the first call
// until ReleaseEnrolledNamespaces. It fails as Gather does.
func (g *Gatherer) EnrolledNamespaces() ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil {
		return nil, ErrGathering
	}
	list, err := g.read(enrolledSource())
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, namespace := range sortedAs[*metav1.PartialObjectMetadata](list) {
		names = append(names, namespace.Name)
	}
	return names, nil
}

// ReleaseEnrolledNamespaces ends the watch of EnrolledNamespaces.
func (g *Gatherer) ReleaseEnrolledNamespaces() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop(enrolledSource().key())
}

// firstError returns the most significant error: any other before ErrGathering.
func firstError(failures []error) error {
	var waiting error
	for _, err := range failures {
		switch {
		case errors.Is(err, ErrGathering):
			waiting = err
		case err != nil:
			return err
		}
	}
	return waiting
}

// read returns the objects of a source, and starts its informer if necessary.
func (g *Gatherer) read(source source) ([]any, error) {
	w, running := g.watches[source.key()]
	if !running {
		w = &watched{informer: source.informer(g.clients)}
		if err := g.run(source, w); err != nil {
			return nil, err
		}
		g.watches[source.key()] = w
	}
	if !w.informer.HasSynced() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.failure != nil {
			return nil, fmt.Errorf("cannot read %s: %w", source.name, w.failure)
		}
		return nil, ErrGathering
	}
	return w.informer.GetStore().List(), nil
}

// run starts an informer, and calls changed when it syncs and on every change.
func (g *Gatherer) run(source source, w *watched) error {
	onError := func(ctx context.Context, r *cache.Reflector, err error) {
		if w.fail(err) {
			g.changed()
		}
		cache.DefaultWatchErrorHandler(ctx, r, err)
	}
	if err := errors.Join(w.informer.SetWatchErrorHandlerWithContext(onError), notify(w.informer, g.changed)); err != nil {
		return fmt.Errorf("watching %s: %w", source.name, err)
	}
	ctx, stop := context.WithCancel(g.ctx)
	w.stop = stop
	go w.informer.RunWithContext(ctx)
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), w.informer.HasSynced) {
			g.changed()
		}
	}()
	return nil
}

// fail notes why objects cannot be read, and reports whether callers wait to hear of that:
// at the first failure, before there are any objects.
func (w *watched) fail(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.failure == nil
	w.failure = err
	return first && !w.informer.HasSynced()
}

// readVersion gets the API server's version if the set of kubelet versions has changed
// since the last time, as it does in an upgrade of the cluster.
func (g *Gatherer) readVersion(nodes []Node) error {
	var versions []string
	for _, node := range nodes {
		versions = append(versions, node.Kubelet)
	}
	slices.Sort(versions)
	kubelets := strings.Join(slices.Compact(versions), " ")
	if g.version != "" && kubelets == g.kubelets {
		return nil
	}
	version, err := g.clients.discovery.ServerVersion()
	if err != nil {
		return fmt.Errorf("getting the API server's version: %w", err)
	}
	g.version, g.kubelets = version.GitVersion, kubelets
	return nil
}

// factsFrom derives facts from the objects of each source.
func factsFrom(objects map[string][]any, query Query) Facts {
	facts := Facts{GatewayClasses: map[string]string{}}
	for _, node := range sortedAs[*corev1.Node](objects[sourceNodes]) {
		facts.Nodes = append(facts.Nodes, Node{
			Name: node.Name, NotReady: len(node.Status.Conditions) > 0, ControlPlane: len(node.Spec.Taints) > 0,
			Kubelet: node.Status.NodeInfo.KubeletVersion, OS: node.Status.NodeInfo.OperatingSystem, Image: node.Status.NodeInfo.OSImage,
			Runtime: node.Status.NodeInfo.ContainerRuntimeVersion, BootID: node.Status.NodeInfo.BootID, Labels: node.Labels,
		})
	}
	facts.CNIs = pluginsOf(sortedAs[*metav1.PartialObjectMetadata](objects[sourceDaemonSets]))
	for _, settings := range sortedAs[*corev1.ConfigMap](objects[sourceCilium]) {
		facts.Cilium = settings.Data
		if facts.Cilium == nil {
			facts.Cilium = map[string]string{}
		}
	}
	for _, namespace := range sortedAs[*metav1.PartialObjectMetadata](objects[sourceNamespaces]) {
		facts.PodSecurity = namespace.Labels[podSecurityEnforce]
	}
	for _, quota := range sortedAs[*corev1.ResourceQuota](objects[sourceQuotas]) {
		facts.Quotas = append(facts.Quotas, *quota)
	}
	facts.addNetworkPolicies(objects)
	for _, secret := range sortedAs[*metav1.PartialObjectMetadata](objects[sourceSecrets]) {
		if slices.Contains(query.PullSecrets, secret.Name) {
			facts.PullSecrets = append(facts.PullSecrets, secret.Name)
		}
	}
	for _, policy := range sortedAs[*metav1.PartialObjectMetadata](objects[sourcePolicies]) {
		facts.SafeUpgradeVersion = policy.Annotations[bundleVersion]
	}
	for _, class := range sortedAs[*unstructured.Unstructured](objects[sourceClasses]) {
		facts.GatewayClasses[class.GetName()], _, _ = unstructured.NestedString(class.Object, "spec", "controllerName")
	}
	facts.Istiods = istiodsOf(sortedAs[*metav1.PartialObjectMetadata](objects[sourceIstiods]), sortedAs[*rbacv1.ClusterRoleBinding](objects[sourceBindings]))
	return facts
}

// addNetworkPolicies adds Kubernetes' and Cilium's policies.
func (f *Facts) addNetworkPolicies(objects map[string][]any) {
	for _, policy := range sortedAs[*networkingv1.NetworkPolicy](objects[sourceNetwork]) {
		f.NetworkPolicies = append(f.NetworkPolicies, *policy)
	}
	for _, policy := range sortedAs[*unstructured.Unstructured](objects[sourceCiliumNet]) {
		f.CiliumPolicies = append(f.CiliumPolicies, ciliumPolicyOf(policy))
	}
}

// sortedAs returns the objects of that type, sorted by namespace and name.
func sortedAs[T metav1.Object](list []any) []T {
	typed := make([]T, 0, len(list))
	for _, item := range list {
		if object, ok := item.(T); ok {
			typed = append(typed, object)
		}
	}
	slices.SortFunc(typed, func(a, b T) int {
		return strings.Compare(a.GetNamespace()+"/"+a.GetName(), b.GetNamespace()+"/"+b.GetName())
	})
	return typed
}
