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
)

const (
	// history is how many revisions of a release are kept.
	history = 3
	// digestLabel on a release's Secret tells what it was recorded for.
	digestLabel = "operator.gloo.solo.io/digest"
)

// Record is one release to be recorded.
type Record struct {
	// Rendered is what was applied.
	Rendered *Rendered
	// Digest tells one plan from another: at most 50 letters and digits, since it becomes
	// part of a label.
	Digest string
}

// Recorder writes Helm releases, so that helm list, get and history show what
// runs, and helm upgrade can take over.
//
// Each method stops at the first request that fails, so that a persistent failure
// costs two requests a try: one that lists, and one that is refused.
type Recorder struct {
	secrets *observedSecrets
	driver  *driver.Secrets
}

// NewRecorder returns a recorder for the namespace of those secrets.
func NewRecorder(secrets corev1.SecretInterface) *Recorder {
	observed := &observedSecrets{SecretInterface: secrets}
	return &Recorder{secrets: observed, driver: driver.NewSecrets(observed)}
}

// Written is the resource version that the recorder's last write was answered with. Empty:
// it has written nothing.
func (r *Recorder) Written() string { return r.secrets.written }

// Record writes a new revision of each release whose digest is not the newest
// revision's, marks the one before as superseded and keeps the last three. It tells
// how many, from the first on, are recorded now, and how many writes were missing when
// it began: what the answers do not tell, since a write may have come to pass though
// its request failed. Where that cannot be known, it is more than any.
func (r *Recorder) Record(ctx context.Context, records []Record) (done, missing int, err error) {
	existing, err := r.list()
	if err != nil {
		return 0, math.MaxInt, fmt.Errorf("listing Helm releases: %w", err)
	}
	revisions := map[string][]*release.Release{}
	for _, one := range existing {
		revisions[one.Name] = append(revisions[one.Name], one)
	}
	edits := make([]edit, len(records))
	for i, record := range records {
		edits[i] = editFor(record, revisions[record.Rendered.Request.Release])
		missing += edits[i].writes()
	}
	for i, record := range records {
		if err := r.carryOut(ctx, record.Rendered, edits[i]); err != nil {
			return i, missing, fmt.Errorf("recording Helm release %s: %w", record.Rendered.Request.Release, err)
		}
	}
	return len(records), missing, nil
}

// ReleaseOf tells the release that an object belongs to. The name is empty where
// Helm did not install it.
func ReleaseOf(object metav1.Object) (name, namespace string) {
	annotations := object.GetAnnotations()
	return annotations[v1.HelmReleaseAnnotation], annotations[v1.HelmNamespaceAnnotation]
}

// istioCharts are the names of the charts whose releases Retire deletes.
var istioCharts = []string{"base", "istiod", "cni", "ztunnel"}

// Retire deletes the records of a release whose objects have been taken over,
// since `helm uninstall` of it would now delete them. Releases of other charts than
// Istio's are left: they may hold anything. It tells whether it deleted any.
func (r *Recorder) Retire(ctx context.Context, name string) (bool, error) {
	existing, err := r.driver.List(func(one *release.Release) bool {
		return one.Name == name && one.Chart != nil && slices.Contains(istioCharts, one.Chart.Name())
	})
	if err != nil {
		return false, fmt.Errorf("listing Helm releases: %w", err)
	}
	return len(existing) > 0, r.remove(ctx, existing)
}

// Forget deletes every revision of those releases, unless none is the operator's:
// somebody else may use the name. It tells how many revisions there were to delete.
func (r *Recorder) Forget(ctx context.Context, names []string) (found int, err error) {
	existing, err := r.list()
	if err != nil {
		return 0, fmt.Errorf("listing Helm releases: %w", err)
	}
	existing = slices.DeleteFunc(existing, func(one *release.Release) bool { return !slices.Contains(names, one.Name) })
	ours := map[string]bool{}
	for _, one := range existing {
		ours[one.Name] = ours[one.Name] || one.Labels[digestLabel] != ""
	}
	existing = slices.DeleteFunc(existing, func(one *release.Release) bool { return !ours[one.Name] })
	return len(existing), r.remove(ctx, existing)
}

// edit is what is missing of a release's history.
type edit struct {
	// create is the new revision. Nil: the newest is the wanted one.
	create *release.Release
	// supersede and remove are older revisions.
	supersede, remove []*release.Release
}

func (e edit) writes() int {
	writes := len(e.supersede) + len(e.remove)
	if e.create != nil {
		writes++
	}
	return writes
}

// editFor tells what is missing of a release that should be recorded.
func editFor(record Record, revisions []*release.Release) edit {
	slices.SortFunc(revisions, func(a, b *release.Release) int { return cmp.Compare(a.Version, b.Version) })
	e, older := edit{}, revisions
	if len(revisions) == 0 {
		e.create = newRelease(record, 1, helmtime.Now())
		return e
	}
	newest := revisions[len(revisions)-1]
	if newest.Labels[digestLabel] == mark(record.Digest, newest.Version) && newest.Info.Status == release.StatusDeployed {
		older = revisions[:len(revisions)-1]
	} else {
		e.create = newRelease(record, newest.Version+1, newest.Info.FirstDeployed)
	}
	older, e.remove = split(older)
	surplus := max(0, len(older)+1-history)
	e.remove = append(e.remove, older[:surplus]...)
	for _, one := range older[surplus:] {
		if !past(one.Info.Status) {
			e.supersede = append(e.supersede, one)
		}
	}
	return e
}

// split parts revisions that helm can read from those that are spoiled.
func split(revisions []*release.Release) (readable, spoiled []*release.Release) {
	for _, one := range revisions {
		if one.Chart != nil {
			readable = append(readable, one)
		} else {
			spoiled = append(spoiled, one)
		}
	}
	return readable, spoiled
}

// carryOut creates the new revision first: a release is never without one.
func (r *Recorder) carryOut(ctx context.Context, rendered *Rendered, e edit) error {
	if e.create != nil {
		manifest, err := rendered.Manifest()
		if err != nil {
			return err
		}
		e.create.Manifest = manifest
		if err := r.driver.Create(key(e.create), e.create); err != nil {
			return err
		}
	}
	for _, one := range e.supersede {
		one.Info.Status = release.StatusSuperseded
		if err := r.driver.Update(key(one), one); err != nil {
			return err
		}
	}
	return r.remove(ctx, e.remove)
}

// mark tells our revision from one that helm upgrade made of it: helm keeps the
// labels of the revision before.
func mark(digest string, revision int) string { return fmt.Sprintf("%s.v%d", digest, revision) }

// newRelease is a revision that lacks the manifest.
func newRelease(record Record, revision int, first helmtime.Time) *release.Release {
	description := "Install complete"
	if revision > 1 {
		description = "Upgrade complete"
	}
	request := record.Rendered.Request
	return &release.Release{
		Name: request.Release, Namespace: request.Namespace, Version: revision,
		Chart: record.Rendered.Chart.chart, Config: request.Values,
		Info:   &release.Info{FirstDeployed: first, LastDeployed: helmtime.Now(), Status: release.StatusDeployed, Description: description},
		Labels: map[string]string{digestLabel: mark(record.Digest, revision)},
	}
}

// remove deletes those revisions. Helm's driver would read each of them once more.
func (r *Recorder) remove(ctx context.Context, revisions []*release.Release) error {
	for _, one := range revisions {
		if err := r.secrets.Delete(ctx, key(one), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("removing revision %d of Helm release %s: %w", one.Version, one.Name, err)
		}
	}
	return nil
}

func key(one *release.Release) string { return secretName(one.Name, one.Version) }
