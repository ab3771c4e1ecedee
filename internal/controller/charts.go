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
)

// secretTimeout is how long reading a Secret of a repository may take.
const secretTimeout = 10 * time.Second

// stoppedRetry is how long to wait before a chart is rendered again whose rendering
// was stopped.
const stoppedRetry = 2 * time.Minute

// archives returns the charts of a version that is not bundled, from spec.repository. It
// never waits: while they are fetched it says so, and the end of the download starts the
// next pass. Charts of a version that runs, or that a rollout goes to or comes from, stay
// available when spec has another version, or no repository any more.
func (r *Reconciler) archives(smc *v1.ServiceMeshController, version string) (map[string][]byte, *stop) {
	r.charts.Retain(smc.Name, append(versionsInUse(smc), smc.Spec.Version)...)
	_, err := istio.Find(version)
	bundled, asked := err == nil, version == smc.Spec.Version
	if asked && (bundled || smc.Spec.Repository == nil) {
		r.charts.Forget(smc.Name)
	}
	if bundled {
		return nil, nil
	}
	if asked && smc.Spec.Repository != nil {
		return r.fetched(smc, version)
	}
	if charts := r.kept(smc, version); charts != nil {
		return charts, nil
	}
	if smc.Spec.Repository != nil {
		return r.fetched(smc, version)
	}
	return nil, notKept(smc, version)
}

// versionsInUse are the versions that the mesh runs, or parts of it may run.
func versionsInUse(smc *v1.ServiceMeshController) []string {
	versions := []string{smc.Status.Version}
	if rollout := smc.Status.Rollout; rollout != nil {
		versions = append(versions, rollout.From, rollout.To)
	}
	if failed := smc.Status.FailedRollout; failed != nil {
		versions = append(versions, failed.Version)
	}
	return slices.DeleteFunc(versions, func(version string) bool { return version == "" })
}

// kept returns the charts of a version in use that were fetched before. Nil: there are none.
func (r *Reconciler) kept(smc *v1.ServiceMeshController, version string) map[string][]byte {
	if !slices.Contains(versionsInUse(smc), version) {
		return nil
	}
	return r.charts.Kept(smc.Name, version)
}

// notKept stops where a version in use has no charts any more. Nil: the version is not in
// use, and the plan says that it is unknown.
func notKept(smc *v1.ServiceMeshController, version string) *stop {
	if !slices.Contains(versionsInUse(smc), version) {
		return nil
	}
	return &stop{
		reason: v1.ReasonUnknownVersion, phase: v1.PhaseFailed,
		message: fmt.Sprintf("the charts of Istio %s, which this mesh runs, are no longer kept and spec names no repository: "+
			"set spec.repository to one that has them", version),
	}
}

// fetched returns the charts of a version from spec.repository, or says what is waited for.
func (r *Reconciler) fetched(smc *v1.ServiceMeshController, version string) (map[string][]byte, *stop) {
	wanted := smc.Spec.Repository.DeepCopy()
	source := repository.Source{URL: wanted.URL, Version: version, SkipVerify: wanted.InsecureSkipVerify}
	charts, err := r.charts.Charts(repository.Request{
		Owner: smc.Name, Source: source, Attempt: fmt.Sprintf("%s/%d", smc.UID, smc.Generation),
		Access: func(ctx context.Context) (repository.Access, error) { return r.access(ctx, wanted.Secrets, source) },
	})
	if err == nil {
		return charts, nil
	}
	waiting := &repository.Waiting{}
	if !errors.As(err, &waiting) {
		return nil, &stop{reason: v1.ReasonRepositoryUnavailable, message: err.Error(), cause: err}
	}
	return nil, wait(waiting)
}

// wait tells a failure that needs a person from what may pass. Either is tried again.
func wait(waiting *repository.Waiting) *stop {
	held := &stop{reason: waiting.Reason(), message: waiting.Error(), retry: waiting.Again}
	switch {
	case waiting.Failure == nil:
	case waiting.Failure.Temporary:
		held.message += "; it is tried again"
	default:
		held.phase = v1.PhaseFailed
	}
	return held
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
	secret, err := r.secrets.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil:
		return secret, nil
	case apierrors.IsNotFound(err):
		return nil, repository.NoSecret("Secret %s/%s of spec.repository does not exist: create it", namespace, name)
	case apierrors.IsForbidden(err):
		return nil, repository.NoSecret("the operator may not read Secret %s/%s of spec.repository: in namespace %s, make a Role that allows to get "+
			"this Secret and bind it to the operator's ServiceAccount, or use a Secret of namespace %s", namespace, name, namespace, r.namespace)
	default:
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
}

// newCharts makes the store of charts that are not compiled in, which calls ended
// when a download has. Downloads end with the context.
func newCharts(ctx context.Context, options Options, ended func()) *repository.Store {
	return repository.NewStore(ctx, repository.Options{
		Folder: options.ChartFolder, Changed: ended,
		Warn: func(err error) { options.Log.Error(err, "charts are not kept") },
	})
}
