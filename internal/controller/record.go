// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// recordPatience is how long the releases of complete components wait for the rest of
// the mesh while it gets on: all are recorded at once then, and hold nothing up.
const recordPatience = 10 * time.Second

// recordInTime records Helm releases, or says how long to wait where that has failed, where
// somebody's helm is at work, or where there is about to be more to record.
func (r *Reconciler) recordInTime(ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory) (time.Duration, error) {
	if p.paused {
		return 0, nil
	}
	if wait := max(m.recording.left(time.Now()), p.getsOn(time.Now())); wait > 0 {
		return wait, nil
	}
	due := r.dueRecordsOf(smc, p, m)
	missing, err := r.record(ctx, smc, p, m, due)
	if getsOn := m.recording.after(err, missing, time.Now()); getsOn {
		return firstRetry, nil
	}
	return due.wait, err
}

// getsOn is how long a mesh that is not complete may go without progress until it is
// recorded as it is. Zero: it has, or it is complete.
func (p *pass) getsOn(now time.Time) time.Duration {
	if p.complete() || p.progressTime.IsZero() {
		return 0
	}
	return max(0, recordPatience-now.Sub(p.progressTime))
}

// dueRecords are the releases whose records are to be written.
type dueRecords struct {
	records []helm.Record
	// foreign reports that another helm has written one of them.
	foreign bool
	// wait is how long to leave others alone, since somebody's helm is at work on them.
	wait time.Duration
}

// dueRecordsOf compares the records of the complete components with what runs, without a
// request.
func (r *Reconciler) dueRecordsOf(smc *v1.ServiceMeshController, p *pass, m *memory) dueRecords {
	due, now := dueRecords{}, time.Now()
	for i, state := range p.components {
		component := p.plan.Components[i]
		if !state.done || component.Rendered == nil {
			continue
		}
		revisions, upTo := r.releases.Revisions(namespaceOf(smc), component.Name)
		current := upTo != "" && !apply.Older(upTo, m.recordsWritten)
		if m.recorded[component.Name] == component.Digest && (!current || revisions.Truthful(component.Digest)) {
			continue
		}
		if wait := revisions.Pending(now); wait > 0 {
			due.wait = soonest(due.wait, wait)
			continue
		}
		due.foreign = due.foreign || current && revisions.Foreign()
		due.records = append(due.records, helm.Record{Rendered: component.Rendered, Digest: component.Digest})
	}
	return due
}

// record writes Helm releases of what has changed, and forgets those of components that
// the mesh no longer has. Where a person may have used helm, it looks for what that has
// added. It tells how many writes of releases were missing.
func (r *Reconciler) record(
	ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory, due dueRecords,
) (missing int, err error) {
	m.helmed = m.helmed || due.foreign
	recorder := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespaceOf(smc)))
	if missing, err = m.record(ctx, recorder, due.records); err != nil || !p.complete() || due.wait > 0 {
		return missing, err
	}
	if m.helmed {
		told, err := r.adoptAdditions(ctx, smc, allObjects(p.plan))
		if err != nil {
			return 0, fmt.Errorf("looking for what helm has added: %w", err)
		}
		m.notes, m.helmed = append(m.notes, told...), false
	}
	if err = m.forgetGone(ctx, recorder, p.plan); err == nil {
		m.swept = true
	}
	return 0, err
}

// record writes releases. It tells how many writes were missing.
func (m *memory) record(ctx context.Context, recorder *helm.Recorder, records []helm.Record) (missing int, err error) {
	if len(records) == 0 {
		return 0, nil
	}
	// Each try begins with another one: what cannot be written holds back no other.
	first := m.recording.failures % len(records)
	records = slices.Concat(records[first:], records[:first])
	done, missing, err := recorder.Record(ctx, records)
	m.recordsWritten = cmp.Or(recorder.Written(), m.recordsWritten)
	for _, record := range records[:done] {
		m.recorded[record.Rendered.Request.Release] = record.Digest
	}
	return missing, err
}

// forgetGone forgets the releases of components that the plan does not have.
func (m *memory) forgetGone(ctx context.Context, recorder *helm.Recorder, built *plan.Plan) error {
	gone := m.gone(built)
	if len(gone) == 0 {
		return nil
	}
	if _, err := recorder.Forget(ctx, gone); err != nil {
		return err
	}
	for _, name := range gone {
		delete(m.recorded, name)
	}
	return nil
}

// gone lists the releases that may be recorded of components that the plan does not
// have.
func (m *memory) gone(p *plan.Plan) []string {
	names := slices.Clone(removal)
	if m.swept {
		names = slices.Sorted(maps.Keys(m.recorded))
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return name == v1.ComponentGatewayAPI || slices.ContainsFunc(p.Components, func(c plan.Component) bool { return c.Name == name })
	})
}

func namespaceOf(smc *v1.ServiceMeshController) string {
	return cmp.Or(smc.Spec.InstallNamespace, v1.DefaultInstallNamespace)
}
