// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"context"

	"helm.sh/helm/v3/pkg/release"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// observedSecrets notes what Helm's driver keeps to itself: which Secrets it has listed,
// those that it cannot read included, and the resource version of its last write.
type observedSecrets struct {
	typedcorev1.SecretInterface
	written string
	listed  []corev1.Secret
}

func (o *observedSecrets) Create(ctx context.Context, secret *corev1.Secret, options metav1.CreateOptions) (*corev1.Secret, error) {
	return o.note(o.SecretInterface.Create(ctx, secret, options))
}

func (o *observedSecrets) Update(ctx context.Context, secret *corev1.Secret, options metav1.UpdateOptions) (*corev1.Secret, error) {
	return o.note(o.SecretInterface.Update(ctx, secret, options))
}

func (o *observedSecrets) List(ctx context.Context, options metav1.ListOptions) (*corev1.SecretList, error) {
	list, err := o.SecretInterface.List(ctx, options)
	if err == nil {
		o.listed = list.Items
	}
	return list, err
}

func (o *observedSecrets) note(answer *corev1.Secret, err error) (*corev1.Secret, error) {
	if err == nil {
		o.written = answer.ResourceVersion
	}
	return answer, err
}

// list returns all revisions of the namespace that Secrets of Helm's names hold. One that
// helm cannot read, or that is no longer what the operator made, has no chart.
func (r *Recorder) list() ([]*release.Release, error) {
	readable := map[string]*release.Release{}
	if _, err := r.driver.List(func(one *release.Release) bool {
		if one.Info != nil && one.Chart != nil {
			readable[key(one)] = one
		}
		return false
	}); err != nil {
		return nil, err
	}
	var all []*release.Release
	for i := range r.secrets.listed {
		secret := &r.secrets.listed[i]
		revision, named := revisionOf(secret)
		one := readable[secret.Name]
		switch {
		case !named:
		case one == nil, revision.forged():
			all = append(all, spoiled(revision))
		default:
			all = append(all, one)
		}
	}
	r.secrets.listed = nil
	return all, nil
}

// spoiled stands for a revision whose content is of no use: only its number is taken.
func spoiled(revision Revision) *release.Release {
	written := helmtime.Time{Time: revision.Written}
	return &release.Release{
		Name: revision.Release, Version: revision.Version, Labels: map[string]string{digestLabel: revision.mark},
		Info: &release.Info{Status: release.StatusUnknown, FirstDeployed: written, LastDeployed: written},
	}
}
