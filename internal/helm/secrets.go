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

// observedSecrets exposes what Helm's driver does not return: the Secrets that it has
// listed, unreadable ones included, and the resource version of its last write.
type observedSecrets struct {
	typedcorev1.SecretInterface
	written string
	listed  []corev1.Secret
}

func (o *observedSecrets) Create(ctx context.Context, secret *corev1.Secret, options metav1.CreateOptions) (*corev1.Secret, error) {
	return o.recordWrite(o.SecretInterface.Create(ctx, secret, options))
}

func (o *observedSecrets) Update(ctx context.Context, secret *corev1.Secret, options metav1.UpdateOptions) (*corev1.Secret, error) {
	return o.recordWrite(o.SecretInterface.Update(ctx, secret, options))
}

func (o *observedSecrets) List(ctx context.Context, options metav1.ListOptions) (*corev1.SecretList, error) {
	list, err := o.SecretInterface.List(ctx, options)
	if err == nil {
		o.listed = list.Items
	}
	return list, err
}

func (o *observedSecrets) recordWrite(secret *corev1.Secret, err error) (*corev1.Secret, error) {
	if err == nil {
		o.written = secret.ResourceVersion
	}
	return secret, err
}

// list returns all revisions in the namespace. A revision that helm cannot decode, or whose
// content is no longer the operator's, has no chart. The status is that of the label, by
// which helm finds the deployed revision.
func (s *Storage) list() ([]*release.Release, error) {
	readable := map[string]*release.Release{}
	if _, err := s.driver.List(func(one *release.Release) bool {
		if one.Info != nil && one.Chart != nil {
			readable[key(one)] = one
		}
		return false
	}); err != nil {
		return nil, err
	}
	var all []*release.Release
	for i := range s.secrets.listed {
		secret := &s.secrets.listed[i]
		revision, named := revisionOf(secret)
		one := readable[secret.Name]
		switch {
		case !named:
		case one == nil, revision.tampered():
			all = append(all, unreadableRelease(revision))
		default:
			one.Info.Status = revision.status
			all = append(all, one)
		}
	}
	s.secrets.listed = nil
	return all, nil
}

// unreadableRelease stands for a revision without usable content: only its number counts.
func unreadableRelease(revision Revision) *release.Release {
	written := helmtime.Time{Time: revision.Written}
	return &release.Release{
		Name: revision.Release, Version: revision.Version, Labels: map[string]string{digestLabel: revision.label},
		Info: &release.Info{Status: release.StatusUnknown, FirstDeployed: written, LastDeployed: written},
	}
}
