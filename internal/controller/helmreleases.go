// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// recordReleases records Helm releases. It returns how long to wait where that has failed,
// where another helm is at work, or where more is about to be recorded.
func (r *Reconciler) recordReleases(ctx context.Context, a *attempt) (time.Duration, error) {
	if a.ObservedPaused {
		return 0, nil
	}
	if wait := max(a.session.recordBackoff.wait(r.clock.Now()), a.HelmDelay(r.clock.Now())); wait > 0 {
		return wait, nil
	}
	due := r.dueRecordsOf(a)
	missing, err := r.writeReleases(ctx, a, due)
	if progressed := a.session.recordBackoff.observe(err, missing, r.clock.Now()); progressed {
		log.FromContext(ctx).Info("recording Helm releases failed after progress, trying again", "error", err.Error())
		return firstRetry, nil
	}
	return due.wait, err
}

// dueRecords are the releases whose records are to be written.
type dueRecords struct {
	records []helm.ReleaseRecord
	// foreign reports that another helm has written one of them.
	writtenByOthers bool
	// wait is how long to leave others alone, since another helm client is working on them.
	wait time.Duration
}

// dueRecordsOf compares the records of the complete components with what runs, without a
// request.
func (r *Reconciler) dueRecordsOf(a *attempt) dueRecords {
	due, now := dueRecords{}, r.clock.Now()
	for i, state := range a.Components {
		component := a.Plan.Components[i]
		if !state.Done || component.Rendered == nil {
			continue
		}
		revisions, upTo := r.releases.Revisions(namespaceOf(a.smc), component.Name)
		current := upTo != "" && !apply.OlderResourceVersion(upTo, a.session.recordsVersion)
		if a.session.recordedDigests[component.Name] == component.Digest && (!current || revisions.Recorded(component.Digest)) {
			continue
		}
		if wait := revisions.Pending(now); wait > 0 {
			due.wait = soonest(due.wait, wait)
			continue
		}
		due.writtenByOthers = due.writtenByOthers || current && revisions.Foreign()
		due.records = append(due.records, helm.ReleaseRecord{Rendered: component.Rendered, Digest: component.Digest})
	}
	return due
}

// writeReleases records the releases of what has changed, and deletes the records of
// components that the mesh no longer has. Where a person may have used helm, it looks for
// objects that helm has added. It returns how many writes of releases were missing.
func (r *Reconciler) writeReleases(ctx context.Context, a *attempt, due dueRecords) (missing int, err error) {
	a.session.helmDrift = a.session.helmDrift || due.writtenByOthers
	recorder := helm.NewStorage(r.clientset.CoreV1().Secrets(namespaceOf(a.smc)))
	if missing, err = a.session.writeRecords(ctx, recorder, due.records); err != nil || !a.Complete() || due.wait > 0 {
		return missing, err
	}
	if a.session.helmDrift {
		emitted, err := r.labelHelmAdditions(ctx, a.smc, a.Plan.Objects())
		if err != nil {
			return 0, fmt.Errorf("looking for what helm has added: %w", err)
		}
		a.session.pendingEvents, a.session.helmDrift = append(a.session.pendingEvents, emitted...), false
	}
	if err = a.session.deleteUnusedRecords(ctx, recorder, a.Plan); err == nil {
		a.session.releasesPruned = true
	}
	return 0, err
}

// writeRecords records releases. It returns how many writes were missing.
func (s *session) writeRecords(ctx context.Context, recorder *helm.Storage, records []helm.ReleaseRecord) (missing int, err error) {
	if len(records) == 0 {
		return 0, nil
	}
	// Each try begins with another one: what cannot be written holds back no other.
	first := s.recordBackoff.failures % len(records)
	records = slices.Concat(records[first:], records[:first])
	done, missing, err := recorder.Record(ctx, records)
	s.recordsVersion = cmp.Or(recorder.Written(), s.recordsVersion)
	for _, record := range records[:done] {
		s.recordedDigests[record.Rendered.Request.Release] = record.Digest
	}
	return missing, err
}

// deleteUnusedRecords deletes the records of components that the plan does not have.
func (s *session) deleteUnusedRecords(ctx context.Context, recorder *helm.Storage, built *plan.Plan) error {
	gone := s.unusedReleases(built)
	if len(gone) == 0 {
		return nil
	}
	if _, err := recorder.DeleteReleases(ctx, gone); err != nil {
		return err
	}
	for _, name := range gone {
		delete(s.recordedDigests, name)
	}
	return nil
}

// labelHelmAdditions labels what a person's helm upgrade of the operator's releases has
// added to be pruned.
func (r *Reconciler) labelHelmAdditions(ctx context.Context, smc *v1.ServiceMeshController, objects []object.Object) ([]status.PendingEvent, error) {
	releases := component.Releases()
	makers := make([]string, len(releases))
	for i, release := range releases {
		makers[i] = apply.ByRelease(release, namespaceOf(smc))
	}
	found, err := r.findLeftovers(ctx, smc, makers, objects)
	if err != nil || len(found.toPrune) == 0 {
		return nil, err
	}
	if err := r.labelForPruning(ctx, smc, found); err != nil {
		return nil, err
	}
	return []status.PendingEvent{{Reason: v1.ReasonPruned, Action: status.ActionPrune, Message: fmt.Sprintf(
		"%d objects that helm has added to this mesh will be removed: %s; put what the mesh needs into spec.values", len(found.toPrune), foreignNames(found.toPrune))}}, nil
}
