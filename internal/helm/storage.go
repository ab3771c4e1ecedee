// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
)

const (
	// history is the number of revisions that are kept of a release.
	history = 3
	// digestLabel on a release's Secret has the digest and revision that it was written
	// for.
	digestLabel = "operator.gloo.solo.io/digest"
	// lastRevision is a number that no release gets to: the next one has to be a number, too.
	lastRevision = math.MaxInt32
)

// ReleaseRecord is one release to write.
type ReleaseRecord struct {
	// Rendered is the chart that was applied.
	Rendered *Rendered
	// Digest identifies the plan: at most 50 letters and digits, since it is part of a
	// label.
	Digest string
}

// Storage writes Helm releases into one namespace, so that helm list, get and history show
// what runs, and helm upgrade can take over.
//
// Each method stops at the first failed request, so that a persistent failure costs two
// requests per attempt: a list, and one that is refused.
type Storage struct {
	secrets *observedSecrets
	driver  *driver.Secrets
}

// NewStorage returns the storage in the namespace of those secrets.
func NewStorage(secrets corev1.SecretInterface) *Storage {
	observed := &observedSecrets{SecretInterface: secrets}
	return &Storage{secrets: observed, driver: driver.NewSecrets(observed)}
}

// Written returns the resource version of the storage's last write. Empty: it has written
// nothing.
func (s *Storage) Written() string { return s.secrets.written }

// Record writes a new revision of each release whose newest revision does not have the
// digest, marks the previous one as superseded and keeps the last three. It returns how
// many releases, from the first on, are up to date now, and how many writes were missing at
// the beginning, since a write can succeed although its request fails. If that is unknown,
// missing is math.MaxInt.
func (s *Storage) Record(ctx context.Context, records []ReleaseRecord) (done, missing int, err error) {
	names := make([]string, len(records))
	for i, record := range records {
		names[i] = record.Rendered.Request.Release
	}
	existing, err := s.list(names)
	if err != nil {
		return 0, math.MaxInt, fmt.Errorf("listing Helm releases: %w", err)
	}
	revisions := map[string][]*release.Release{}
	for _, one := range existing {
		revisions[one.Name] = append(revisions[one.Name], one)
	}
	updates := make([]update, len(records))
	for i, record := range records {
		updates[i] = updateFor(record, revisions[record.Rendered.Request.Release])
		missing += updates[i].writes()
	}
	for i, record := range records {
		if err := s.applyUpdate(ctx, record.Rendered, updates[i]); err != nil {
			return i, missing, fmt.Errorf("recording Helm release %s: %w", record.Rendered.Request.Release, err)
		}
	}
	return len(records), missing, nil
}

// ReleaseOf returns the Helm release that an object belongs to. The name is empty if Helm
// did not install it.
func ReleaseOf(object metav1.Object) (name, namespace string) {
	annotations := object.GetAnnotations()
	return annotations[v1.HelmReleaseAnnotation], annotations[v1.HelmNamespaceAnnotation]
}

// Retire deletes all revisions of a release whose objects were taken over, since helm
// uninstall would now delete them. Releases of other charts than Istio's are left
// unchanged. It reports whether there were any revisions.
func (s *Storage) Retire(ctx context.Context, name string) (bool, error) {
	existing, err := s.list([]string{name})
	if err != nil {
		return false, fmt.Errorf("listing Helm releases: %w", err)
	}
	existing = slices.DeleteFunc(existing, func(one *release.Release) bool {
		return one.Chart == nil || !slices.Contains(component.Charts(), one.Chart.Name())
	})
	return len(existing) > 0, s.remove(ctx, existing)
}

// DeleteReleases deletes all revisions of those releases. A release of which no revision is
// the operator's is left unchanged. It returns how many revisions there were to delete.
func (s *Storage) DeleteReleases(ctx context.Context, names []string) (found int, err error) {
	existing, err := s.list(names)
	if err != nil {
		return 0, fmt.Errorf("listing Helm releases: %w", err)
	}
	ours := map[string]bool{}
	for _, one := range existing {
		ours[one.Name] = ours[one.Name] || one.Labels[digestLabel] != ""
	}
	existing = slices.DeleteFunc(existing, func(one *release.Release) bool { return !ours[one.Name] })
	return len(existing), s.remove(ctx, existing)
}

// update is the writes that bring a release up to date.
type update struct {
	// discard are revisions with numbers that no other can follow. They go first.
	discard []*release.Release
	// create is the new revision. Nil: the newest one is up to date.
	create *release.Release
	// supersede and remove are older revisions.
	supersede, remove []*release.Release
}

func (e update) writes() int {
	writes := len(e.discard) + len(e.supersede) + len(e.remove)
	if e.create != nil {
		writes++
	}
	return writes
}

// updateFor compares the revisions of a release with the record.
func updateFor(record ReleaseRecord, revisions []*release.Release) update {
	slices.SortFunc(revisions, func(a, b *release.Release) int { return cmp.Compare(a.Version, b.Version) })
	e := update{}
	revisions, e.discard = split(revisions, func(one *release.Release) bool { return one.Version < lastRevision })
	older := revisions
	if len(revisions) == 0 {
		e.create = newRelease(record, 1, helmtime.Now())
		return e
	}
	newest := revisions[len(revisions)-1]
	if newest.Labels[digestLabel] == revisionLabel(record.Digest, newest.Version) && newest.Info.Status == release.StatusDeployed {
		older = revisions[:len(revisions)-1]
	} else {
		e.create = newRelease(record, newest.Version+1, newest.Info.FirstDeployed)
	}
	older, e.remove = split(older, func(one *release.Release) bool { return one.Chart != nil }) // Helm can decode them.
	surplus := max(0, len(older)+1-history)
	e.remove = append(e.remove, older[:surplus]...)
	for _, one := range older[surplus:] {
		if !isPast(one.Info.Status) {
			e.supersede = append(e.supersede, one)
		}
	}
	return e
}

// split separates the revisions that meet a condition from the others.
func split(revisions []*release.Release, condition func(*release.Release) bool) (met, others []*release.Release) {
	for _, one := range revisions {
		if condition(one) {
			met = append(met, one)
		} else {
			others = append(others, one)
		}
	}
	return met, others
}

// applyUpdate creates the new revision before it changes others, so that a release always
// has one that helm can use.
func (s *Storage) applyUpdate(ctx context.Context, rendered *Rendered, e update) error {
	if err := s.remove(ctx, e.discard); err != nil {
		return err
	}
	if e.create != nil {
		manifest, err := rendered.Manifest()
		if err != nil {
			return err
		}
		e.create.Manifest = manifest
		if err := s.driver.Create(key(e.create), e.create); err != nil {
			return err
		}
	}
	for _, one := range e.supersede {
		one.Info.Status = release.StatusSuperseded
		if err := s.driver.Update(key(one), one); err != nil {
			return err
		}
	}
	return s.remove(ctx, e.remove)
}

// revisionLabel identifies a revision of the operator. Helm copies labels from the previous
// revision, so it has the revision's number.
func revisionLabel(digest string, revision int) string {
	return fmt.Sprintf("%s.v%d", digest, revision)
}

// newRelease returns a revision without manifest.
func newRelease(record ReleaseRecord, revision int, first helmtime.Time) *release.Release {
	description := "Install complete"
	if revision > 1 {
		description = "Upgrade complete"
	}
	request := record.Rendered.Request
	return &release.Release{
		Name: request.Release, Namespace: request.Namespace, Version: revision,
		Chart: record.Rendered.Chart.chart, Config: request.Values,
		Info:   &release.Info{FirstDeployed: first, LastDeployed: helmtime.Now(), Status: release.StatusDeployed, Description: description},
		Labels: map[string]string{digestLabel: revisionLabel(record.Digest, revision)},
	}
}

// remove deletes revisions directly: Helm's driver would read each of them first.
func (s *Storage) remove(ctx context.Context, revisions []*release.Release) error {
	for _, one := range revisions {
		if err := s.secrets.Delete(ctx, key(one), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("removing revision %d of Helm release %s: %w", one.Version, one.Name, err)
		}
	}
	return nil
}

func key(one *release.Release) string { return secretName(one.Name, one.Version) }
