// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// secretTimeout is how long reading a Secret of a repository may take.
const secretTimeout = 10 * time.Second

// stoppedRetry is how long to wait before a chart is rendered again whose rendering
// was stopped.
const stoppedRetry = 2 * time.Minute

// charts are the charts of a version.
type charts struct {
	// archives by the charts' published names. Nil: the version is bundled.
	archives map[string][]byte
	// source is as in status.chartSource. Empty: not known, since they were kept.
	source string
}

// findCharts returns the charts of a version: those that are bundled, or those of
// spec.repository or the default repository. It never waits: while charts are fetched it
// says so, and the end of the download starts the next attempt. Charts of a version that
// runs, or that a rollout goes to or comes from, stay available when spec has another
// version, or no repository any more. It ends downloads, and drops cached charts, that spec no
// longer asks for.
func (r *Reconciler) findCharts(smc *v1.ServiceMeshController, version string) (charts, *status.Blocker) {
	r.charts.Retain(smc.Name, append(rollout.VersionsInUse(smc), smc.Spec.Version)...)
	_, err := istio.Find(version)
	bundled, asked, from := err == nil, version == smc.Spec.Version, r.repositoryOf(smc)
	if asked && (bundled || from == nil) {
		r.charts.Cancel(smc.Name)
	}
	if bundled {
		return charts{source: v1.ChartsBundled}, nil
	}
	if asked && smc.Spec.Repository != nil {
		return r.fetchCharts(smc, version, from)
	}
	if kept := r.keptCharts(smc, version); kept != nil {
		return charts{archives: kept}, nil
	}
	if from != nil {
		return r.fetchCharts(smc, version, from)
	}
	return charts{}, chartsGone(smc, version)
}

// repositoryOf returns where charts that are not bundled come from. Nil: nowhere.
func (r *Reconciler) repositoryOf(smc *v1.ServiceMeshController) *v1.Repository {
	if smc.Spec.Repository != nil || r.defaultRepository == "" {
		return smc.Spec.Repository
	}
	return &v1.Repository{URL: r.defaultRepository}
}

// keptCharts returns the charts of a version in use that were fetched before. Nil: there
// are none.
func (r *Reconciler) keptCharts(smc *v1.ServiceMeshController, version string) map[string][]byte {
	if !slices.Contains(rollout.VersionsInUse(smc), version) {
		return nil
	}
	return r.charts.Cached(smc.Name, version)
}

// chartsGone returns why a version in use cannot be installed any more: its charts are
// gone. Nil: the version is not in use, and building its plan fails as of an unknown
// version.
func chartsGone(smc *v1.ServiceMeshController, version string) *status.Blocker {
	if !slices.Contains(rollout.VersionsInUse(smc), version) {
		return nil
	}
	return &status.Blocker{
		Reason: v1.ReasonUnknownVersion, Phase: v1.PhaseFailed,
		Message: fmt.Sprintf("the charts of Istio %s, which this mesh runs, are no longer kept and there is no repository: "+
			"set spec.repository to one that has them", version),
	}
}

// fetchCharts returns the charts of a version from a repository, or why they are not
// there yet.
func (r *Reconciler) fetchCharts(smc *v1.ServiceMeshController, version string, from *v1.Repository) (charts, *status.Blocker) {
	wanted := from.DeepCopy()
	source := repository.Source{URL: wanted.URL, Version: version, SkipVerify: wanted.InsecureSkipVerify}
	archives, err := r.charts.Charts(repository.Request{
		Owner: smc.Name, Source: source, Attempt: fmt.Sprintf("%s/%d", smc.UID, smc.Generation),
		Access: func(ctx context.Context) (repository.Access, error) { return r.access(ctx, wanted.Secrets, source) },
	})
	if err == nil {
		return charts{archives: archives, source: source.URL}, nil
	}
	waiting := &repository.PendingError{}
	if !errors.As(err, &waiting) {
		return charts{}, &status.Blocker{Reason: v1.ReasonRepositoryUnavailable, Message: err.Error(), Cause: err}
	}
	blocker := fetchBlocker(waiting)
	if smc.Spec.Repository == nil && waiting.Failure != nil {
		blocker.Message += defaultRepositoryHint
	}
	return charts{}, blocker
}

// defaultRepositoryHint ends the message about a failure of a repository that spec does
// not name.
const defaultRepositoryHint = " (this is the operator's default repository: to use another one, set spec.repository)"

// fetchBlocker returns why charts are not there yet. A failure that does not pass by
// itself needs a person; both kinds are retried.
func fetchBlocker(waiting *repository.PendingError) *status.Blocker {
	blocker := &status.Blocker{Reason: waiting.Reason(), Message: waiting.Error(), RetryAfter: waiting.RetryAfter}
	switch {
	case waiting.Failure == nil:
	case waiting.Failure.Temporary:
		blocker.Message += "; the operator retries"
	default:
		blocker.Phase = v1.PhaseFailed
	}
	return blocker
}

// access reads the Secrets of a repository, each by its name: the operator has no
// right to list any.
func (r *Reconciler) access(ctx context.Context, names []v1.NamespacedSecret, source repository.Source) (repository.Access, error) {
	secrets := make([]corev1.Secret, 0, len(names))
	for _, name := range names {
		secret, err := r.secret(ctx, cmp.Or(name.Namespace, r.namespace), name.Name)
		if err != nil {
			return repository.Access{}, err
		}
		secrets = append(secrets, *secret)
	}
	return repository.AccessFrom(secrets, source.Host())
}

func (r *Reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	secret, err := r.clientset.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil:
		return secret, nil
	case apierrors.IsNotFound(err):
		return nil, repository.SecretError("Secret %s/%s of spec.repository does not exist: create it", namespace, name)
	case apierrors.IsForbidden(err):
		return nil, repository.SecretError("the operator may not read Secret %s/%s of spec.repository: in namespace %s, make a Role that allows to get "+
			"this Secret and bind it to the operator's ServiceAccount, or use a Secret of namespace %s", namespace, name, namespace, r.namespace)
	default:
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
}

// newCharts makes the store of charts that are not bundled, which calls ended
// when a download has. Downloads end with the context.
func newCharts(ctx context.Context, options Options, ended func()) *repository.Store {
	return repository.NewStore(ctx, repository.Options{
		Dir: options.ChartCacheDir, Changed: ended,
		Warn: func(err error) { options.Log.Error(err, "charts are not kept") },
	})
}
