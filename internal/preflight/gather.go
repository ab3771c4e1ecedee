// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// ErrGathering tells that the cluster is still being looked at: the change that
// Notify tells of comes when it has been seen.
var ErrGathering = errors.New("the cluster is still being looked at")

// Gatherer reads facts: from watches, which it cuts down to what the checks ask
// about, and the API server's version whenever the kubelets' changes.
type Gatherer struct {
	clients gatherClients
	changed func()

	// stale tells that facts may be others than at the last answer.
	stale    atomic.Bool
	mu       sync.Mutex
	answered Question
	facts    Facts
	ctx      context.Context // Nil until started.
	watches  map[string]*watched
	version  string
	kubelets string
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
	// mu guards failure: why it cannot be read. Nil: it can, or will be.
	mu      sync.Mutex
	failure error
}

// NewGatherer makes a gatherer, which calls changed whenever a fact may be another.
func NewGatherer(config *rest.Config, changed func()) (*Gatherer, error) {
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType, protobuf.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	clients, errKubernetes := kubernetes.NewForConfig(protobuf)
	meta, errMetadata := metadata.NewForConfig(metadata.ConfigFor(config))
	dyn, errDynamic := dynamic.NewForConfig(config)
	if err := errors.Join(errKubernetes, errMetadata, errDynamic); err != nil {
		return nil, err
	}
	g := &Gatherer{
		clients: gatherClients{kubernetes: clients, metadata: meta, dynamic: dyn, discovery: discovery.NewDiscoveryClient(clients.CoreV1().RESTClient())},
		watches: map[string]*watched{},
	}
	g.changed = func() {
		g.stale.Store(true)
		changed()
	}
	return g, nil
}

// Start keeps the watches running until the context ends; the first question starts
// each.
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

// Question says what is asked about beside the cluster as a whole.
type Question struct {
	// Namespace to install into.
	Namespace string
	// PullSecrets asks for the secrets of that namespace by name.
	PullSecrets []string
	// GatewayClasses tells that the cluster serves them.
	GatewayClasses bool
}

// Gather tells the facts, but for CRDs. It fails with ErrGathering until everything
// has been seen, and with the API server's answer where something may not be read.
func (g *Gatherer) Gather(question Question) (Facts, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil {
		return Facts{}, ErrGathering
	}
	if reflect.DeepEqual(question, g.answered) && !g.stale.Swap(false) {
		return g.facts, nil
	}
	g.answered = Question{}
	asked := sources(question)
	g.retain(asked)
	seen := map[string][]any{}
	var failures []error
	for _, source := range asked {
		list, err := g.read(source)
		if !source.optional {
			failures = append(failures, err)
		}
		seen[source.name] = append(seen[source.name], list...)
	}
	if err := first(failures); err != nil {
		return Facts{}, err
	}
	facts := interpret(seen, question)
	if err := g.readVersion(facts.Nodes); err != nil {
		return Facts{}, err
	}
	facts.KubernetesVersion = g.version
	g.answered, g.facts = question, facts
	return facts, nil
}

// Forget ends all watches, as when there is no mesh any more.
func (g *Gatherer) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answered, g.facts = Question{}, Facts{}
	g.retain(nil)
}

// retain ends the watches of all but those sources.
func (g *Gatherer) retain(asked []source) {
	for key, w := range g.watches {
		if !slices.ContainsFunc(asked, func(s source) bool { return s.key() == key }) {
			w.stop()
			delete(g.watches, key)
		}
	}
}

// Namespace is whether there is a namespace.
type Namespace struct {
	// UID is empty where there is none.
	UID types.UID
	// Terminating tells that it is being deleted.
	Terminating bool
}

// Missing tells that there is no such namespace.
func (n Namespace) Missing() bool { return n.UID == "" }

// Namespace looks for a namespace. It fails as Gather does, and needs no rights in the
// namespace.
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
	for _, namespace := range each[*metav1.PartialObjectMetadata](list) {
		return Namespace{UID: namespace.UID, Terminating: namespace.DeletionTimestamp != nil}, nil
	}
	return Namespace{}, nil
}

// first is the error that says most: one of the API server's before ErrGathering.
func first(failures []error) error {
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

// read lists what a source's informer holds, and starts it if need be.
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

// run starts an informer, which tells of changes and of having seen everything.
func (g *Gatherer) run(source source, w *watched) error {
	err := w.informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *cache.Reflector, err error) {
		w.mu.Lock()
		known := w.failure != nil
		w.failure = err
		w.mu.Unlock()
		if !known && !w.informer.HasSynced() {
			g.changed()
		}
		cache.DefaultWatchErrorHandler(ctx, r, err)
	})
	if err != nil {
		return fmt.Errorf("watching %s: %w", source.name, err)
	}
	ctx, stop := context.WithCancel(g.ctx)
	w.stop = stop
	go w.informer.RunWithContext(ctx)
	go func() {
		if !cache.WaitForCacheSync(ctx.Done(), w.informer.HasSynced) {
			return
		}
		g.changed()
	}()
	if err := notify(w.informer, g.changed); err != nil {
		stop()
		return fmt.Errorf("watching %s: %w", source.name, err)
	}
	return nil
}

// readVersion asks the API server for its version when the set of the kubelets'
// versions is another than at the last time: an upgrade of the cluster shows there.
func (g *Gatherer) readVersion(nodes []Node) error {
	versions := map[string]bool{}
	for _, node := range nodes {
		versions[node.Kubelet] = true
	}
	kubelets := strings.Join(slices.Sorted(maps.Keys(versions)), " ")
	if g.version != "" && kubelets == g.kubelets {
		return nil
	}
	version, err := g.clients.discovery.ServerVersion()
	if err != nil {
		return fmt.Errorf("asking the API server for its version: %w", err)
	}
	g.version, g.kubelets = version.GitVersion, kubelets
	return nil
}

// interpret makes facts of what the informers hold, by source.
func interpret(seen map[string][]any, question Question) Facts {
	facts := Facts{GatewayClasses: map[string]string{}}
	for _, node := range each[*corev1.Node](seen[sourceNodes]) {
		facts.Nodes = append(facts.Nodes, Node{
			Name: node.Name, NotReady: len(node.Status.Conditions) > 0,
			Kubelet: node.Status.NodeInfo.KubeletVersion, OS: node.Status.NodeInfo.OperatingSystem, Image: node.Status.NodeInfo.OSImage,
			Runtime: node.Status.NodeInfo.ContainerRuntimeVersion, Labels: node.Labels,
		})
	}
	facts.CNIs = pluginsOf(each[*metav1.PartialObjectMetadata](seen[sourceDaemonSets]))
	for _, settings := range each[*corev1.ConfigMap](seen[sourceCilium]) {
		facts.Cilium = settings.Data
		if facts.Cilium == nil {
			facts.Cilium = map[string]string{}
		}
	}
	for _, namespace := range each[*metav1.PartialObjectMetadata](seen[sourceNamespaces]) {
		facts.PodSecurity = namespace.Labels[podSecurityEnforce]
	}
	for _, quota := range each[*corev1.ResourceQuota](seen[sourceQuotas]) {
		facts.Quotas = append(facts.Quotas, *quota)
	}
	for _, secret := range each[*metav1.PartialObjectMetadata](seen[sourceSecrets]) {
		if slices.Contains(question.PullSecrets, secret.Name) {
			facts.PullSecrets = append(facts.PullSecrets, secret.Name)
		}
	}
	for _, policy := range each[*metav1.PartialObjectMetadata](seen[sourceGuards]) {
		facts.GatewayGuard = policy.Annotations[bundleVersion]
	}
	for _, class := range each[*unstructured.Unstructured](seen[sourceClasses]) {
		facts.GatewayClasses[class.GetName()], _, _ = unstructured.NestedString(class.Object, "spec", "controllerName")
	}
	facts.Istiods = istiodsOf(each[*metav1.PartialObjectMetadata](seen[sourceIstiods]), each[*rbacv1.ClusterRoleBinding](seen[sourceBindings]))
	return facts
}

// each is the list in the type that its source holds, sorted by name.
func each[T metav1.Object](list []any) []T {
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
