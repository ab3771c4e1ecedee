// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// DiffResult is what an operator would change.
type DiffResult struct {
	// Version of Istio that was asked for.
	Version string
	// Differences are what would be changed, and what is left alone though it differs.
	Differences []apply.Difference
	// Blockers are why the operator would change nothing yet, each with what to do.
	Blockers []string
	// Notices are what users should know besides.
	Notices []string
	// UpgradeNotes are what Istio's release notes say about the change of the version.
	UpgradeNotes []istio.UpgradeNote
}

// Changes reports whether anything would be changed.
func (o *DiffResult) Changes() bool {
	return slices.ContainsFunc(o.Differences, func(d apply.Difference) bool { return d.Effect != apply.EffectIgnored })
}

// Diff returns what an operator with those options would change if the resource were
// applied, by the steps of an attempt that only read. The extensions, where there are
// any, stand for those in the cluster. It reads with the permissions of the config, which must
// allow what the operator does, since the API server checks dry runs as it checks writes.
func Diff(ctx context.Context, options Options, smc *v1.ServiceMeshController, extensions map[string]string) (*DiffResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	config, triggers := clientConfig(options.Config), make(chan event.GenericEvent, 1)
	observer, err := apply.NewObserver(config, options.scope())
	if err != nil {
		return nil, err
	}
	kube, err := newUncachedClient(config, extensions)
	if err != nil {
		return nil, err
	}
	r, err := newReconciler(ctx, kube, config, observer, options, notifier(triggers))
	if err != nil {
		return nil, err
	}
	if err := r.mergeWithLive(ctx, smc); err != nil { // First, because watches retry forever if the API server does not answer.
		return nil, err
	}
	if err := observer.Failed(func(err error) { cancel(fmt.Errorf("reading the mesh: %w", err)) }); err != nil {
		return nil, err
	}
	go func() { _ = observer.Start(ctx) }() // Failures are reported through observer.Failed.
	go func() { _ = r.gatherer.Start(ctx) }()
	if err := observer.WaitForSync(ctx); err != nil {
		return nil, context.Cause(ctx)
	}
	r.useDeployed(ctx)
	a, obstacles, err := r.examinePreview(ctx, smc, triggers)
	if err != nil {
		return nil, err
	}
	return r.diffResult(ctx, a, obstacles)
}

// The flags of the operator in the cluster that decide what it would do.
const (
	installNamespacesFlag = "--install-namespaces="
	defaultRepositoryFlag = "--default-repository="
	labelNamespacesFlag   = "--label-namespaces"
	probeNamespaceFlag    = "--probe-namespace="
	probeImageFlag        = "--probe-image="
	probePullSecretsFlag  = "--probe-pull-secrets="
)

// useDeployed takes the settings of the operator in the cluster: its default repository,
// the namespaces that it may install a mesh in, unless those were given, whether it labels
// namespaces, and how it runs probes. Nothing changes if its Deployment is not found or may not be read.
func (r *Reconciler) useDeployed(ctx context.Context) {
	arguments := r.deployedArguments(ctx)
	if list, _ := flagValue(arguments, installNamespacesFlag); list != "" && len(r.installNamespaces) == 0 {
		r.installNamespaces = strings.Split(list, ",")
	}
	if url, found := flagValue(arguments, defaultRepositoryFlag); found {
		r.defaultRepository = url
	}
	if value, found := flagValue(arguments, labelNamespacesFlag); found {
		r.labelNamespaces = value == "" || value == "=true"
	}
	if value, found := flagValue(arguments, probeNamespaceFlag); found {
		r.probe.Namespace = value
		r.probe.Image, _ = flagValue(arguments, probeImageFlag)
		if secrets, _ := flagValue(arguments, probePullSecretsFlag); secrets != "" {
			r.probe.PullSecrets = strings.Split(secrets, ",")
		}
	}
}

// deployedArguments returns the arguments of the operator in the cluster. Empty: its
// Deployment is not found or may not be read.
func (r *Reconciler) deployedArguments(ctx context.Context) []string {
	deployments, err := r.clientset.AppsV1().Deployments(r.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=gloo-operator"})
	if err != nil {
		return nil // Those who may not read it see the rest.
	}
	var arguments []string
	for _, deployment := range deployments.Items {
		for _, container := range deployment.Spec.Template.Spec.Containers {
			arguments = append(arguments, container.Args...)
		}
	}
	return arguments
}

// flagValue returns the value of the first argument that begins with the flag.
func flagValue(arguments []string, flag string) (value string, found bool) {
	for _, argument := range arguments {
		if value, found = strings.CutPrefix(argument, flag); found {
			return value, true
		}
	}
	return "", false
}

// examinePreview runs the steps that only read, again until the cluster has been read and
// the charts are fetched, and returns what would block an attempt.
func (r *Reconciler) examinePreview(ctx context.Context, smc *v1.ServiceMeshController, triggers <-chan event.GenericEvent) (*attempt, []string, error) {
	for {
		a := r.newAttempt(smc)
		a.finalVersion = true
		obstacles, again, err := r.runReadSteps(ctx, a)
		if err != nil || !again {
			return a, obstacles, err
		}
		select {
		case <-triggers:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// runReadSteps runs the steps that only read, and continues where one is blocked. It
// reports whether to run them again when something has changed.
func (r *Reconciler) runReadSteps(ctx context.Context, a *attempt) (obstacles []string, again bool, err error) {
	for _, s := range steps {
		if s.effect != reads {
			continue
		}
		blocker := s.do(r, ctx, a)
		switch {
		case blocker == nil:
		case blocker.Quiet, blocker.Reason == v1.ReasonFetchingCharts:
			return nil, true, nil
		case s.required, blocker.Cause != nil:
			return nil, false, errors.New(blocker.Message)
		default:
			obstacles = append(obstacles, blocker.Message)
		}
	}
	return obstacles, false, nil
}

// mergeWithLive merges a manifest with the live resource, as after kubectl apply.
func (r *Reconciler) mergeWithLive(ctx context.Context, smc *v1.ServiceMeshController) error {
	live := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Name: smc.Name, CreationTimestamp: metav1.Now()}}
	err := client.IgnoreNotFound(r.client.Get(ctx, client.ObjectKeyFromObject(smc), live))
	if err != nil {
		return fmt.Errorf("reading ServiceMeshController %s: %w", smc.Name, err)
	}
	if !equality.Semantic.DeepEqual(live.Spec, smc.Spec) {
		live.Generation++ // What failed before is tried again.
	}
	smc.Status = live.Status
	annotations := maps.Clone(live.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, smc.Annotations)
	smc.ObjectMeta = live.ObjectMeta
	smc.Annotations = annotations
	return nil
}

// diffResult asks the API server what the plan would change.
func (r *Reconciler) diffResult(ctx context.Context, a *attempt, obstacles []string) (*DiffResult, error) {
	o := &DiffResult{Version: a.Plan.Version}
	if paused(a.smc) {
		o.Blockers = append(o.Blockers, fmt.Sprintf("the mesh is paused: remove the annotation %s", v1.PausedAnnotation))
	}
	o.Blockers = append(o.Blockers, obstacles...)
	o.addNotices(a)
	var err error
	o.Differences, err = r.applier.Preview(ctx, a.Plan.Objects(), r.observer.Owned(a.smc.Name))
	if err == nil && len(o.Blockers) == 0 && len(o.Differences) > 0 && needsApproval(a) && !approved(a.smc, a.Plan) {
		o.Blockers = append(o.Blockers, a.propose(a.Plan, apply.Summary(o.Differences)).Message)
	}
	return o, err
}

// addNotices adds what users should know about the change that the attempt plans.
func (o *DiffResult) addNotices(a *attempt) {
	if path := a.Target.PathText(); path != "" {
		o.Notices = append(o.Notices, path)
	}
	if a.Target.Rollback {
		o.Notices = append(o.Notices, fmt.Sprintf("the rollout of Istio %s has failed, and %s stays: correct spec to try again", a.Target.From, a.Target.To))
	}
	if takeover := a.session.takeover; takeover != nil {
		o.Notices = append(o.Notices, "objects of another installation are taken over: "+foreignNames(takeover.foreign))
	}
	for _, notice := range a.Notices() {
		o.Notices = append(o.Notices, notice.Message)
	}
	var err error
	if o.UpgradeNotes, err = istio.UpgradeNotes(a.smc.Status.Version, a.Plan.Version); err != nil {
		o.Notices = append(o.Notices, err.Error())
	}
}

// uncachedClient is a client without a cache. It reads the extensions from a file.
type uncachedClient struct {
	client.Client
	extensions map[string]string
}

func newUncachedClient(config *rest.Config, extensions map[string]string) (client.Client, error) {
	scheme, err := NewScheme()
	if err != nil {
		return nil, err
	}
	mapper, err := StaticMapper(nil, nil)
	if err != nil {
		return nil, err
	}
	through, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	return &uncachedClient{through, extensions}, err
}

// Get reads the extensions from the file, if they are there.
func (c *uncachedClient) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	extensions, ok := object.(*corev1.ConfigMap)
	if !ok || c.extensions == nil {
		return c.Client.Get(ctx, key, object, options...)
	}
	extensions.Data = c.extensions
	return nil
}
