// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"context"
	"slices"
	"strconv"

	"helm.sh/helm/v3/pkg/release"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// pageSize is how many Secrets are listed at once: more than the last revisions of all
// components of Istio, and few enough to be held in memory.
const pageSize = 50

// observedSecrets exposes what Helm's driver does not return: the Secrets that it has
// listed, unreadable ones included, and the resource version of its last write. The driver
// gets only content that may be decoded.
type observedSecrets struct {
	typedcorev1.SecretInterface
	written string
	// selector selects the Secrets to list.
	selector string
	// listed are the Secrets without their content.
	listed []corev1.Secret
}

func (o *observedSecrets) Create(ctx context.Context, secret *corev1.Secret, options metav1.CreateOptions) (*corev1.Secret, error) {
	return o.recordWrite(o.SecretInterface.Create(ctx, secret, options))
}

func (o *observedSecrets) Update(ctx context.Context, secret *corev1.Secret, options metav1.UpdateOptions) (*corev1.Secret, error) {
	return o.recordWrite(o.SecretInterface.Update(ctx, secret, options))
}

// List lists the selected Secrets, and leaves out content that may not be decoded.
func (o *observedSecrets) List(ctx context.Context, options metav1.ListOptions) (*corev1.SecretList, error) {
	all, limit := &corev1.SecretList{}, &contentLimit{bytes: maxListBytes}
	options.LabelSelector, options.Limit, o.listed = o.selector, pageSize, nil
	for {
		page, err := o.SecretInterface.List(ctx, options)
		if err != nil {
			return nil, err
		}
		o.listed = append(o.listed, withoutContent(page.Items)...)
		all.Items = append(all.Items, withLimit(page.Items, limit)...)
		if options.Continue = page.Continue; options.Continue == "" {
			return all, nil
		}
	}
}

// withoutContent returns the Secrets without their content.
func withoutContent(secrets []corev1.Secret) []corev1.Secret {
	secrets = slices.Clone(secrets)
	for i := range secrets {
		secrets[i].Data = nil
	}
	return secrets
}

// withLimit returns the Secrets without the content that may not be decoded.
func withLimit(secrets []corev1.Secret, limit *contentLimit) []corev1.Secret {
	secrets = slices.Clone(secrets)
	for i := range secrets {
		if !isRevision(&secrets[i]) || !limit.allows(secrets[i].Data[releaseKey]) {
			secrets[i].Data = nil
		}
	}
	return secrets
}

func (o *observedSecrets) recordWrite(secret *corev1.Secret, err error) (*corev1.Secret, error) {
	if err == nil {
		o.written = secret.ResourceVersion
	}
	return secret, err
}

// selectorOf selects the Secrets of those releases. It returns false if no Secret can be
// theirs, since none of the names can be a label.
func selectorOf(releases []string) (string, bool) {
	var values []string
	for _, name := range releases {
		if _, err := labels.NewRequirement("name", selection.Equals, []string{name}); err == nil {
			values = append(values, name)
		}
	}
	named, err := labels.NewRequirement("name", selection.In, values)
	if err != nil {
		return "", false
	}
	return ownerSelector + "," + named.String(), true
}

// list returns all revisions of those releases. A revision that helm cannot decode, that is
// too large to be decoded, or whose content is no longer the operator's, has no chart. The
// status is that of the label, by which helm finds the deployed revision.
func (s *Storage) list(releases []string) ([]*release.Release, error) {
	selector, ok := selectorOf(releases)
	if !ok {
		return nil, nil
	}
	readable := map[string]*release.Release{}
	s.secrets.selector = selector
	if _, err := s.driver.List(func(one *release.Release) bool {
		// A content can claim to be another revision.
		if name := key(one); one.Info != nil && one.Chart != nil && name == nameByLabels(one.Labels) {
			readable[name] = one
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

// isRevision reports whether the Secret has the name that Helm gives to its revision.
func isRevision(secret metav1.Object) bool {
	_, named := revisionOf(secret)
	return named
}

// nameByLabels returns the name that Helm gives to a Secret with those labels.
func nameByLabels(labels map[string]string) string {
	version, _ := strconv.Atoi(labels["version"]) // It is a revision.
	return secretName(labels["name"], version)
}

// unreadableRelease stands for a revision without usable content: only its number counts.
func unreadableRelease(revision Revision) *release.Release {
	written := helmtime.Time{Time: revision.Written}
	return &release.Release{
		Name: revision.Release, Version: revision.Version, Labels: map[string]string{digestLabel: revision.label},
		Info: &release.Info{Status: release.StatusUnknown, FirstDeployed: written, LastDeployed: written},
	}
}
