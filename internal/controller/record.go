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
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// recordPatience is how long the releases of complete components wait for the rest of
// the mesh while it gets on: all are recorded at once then, and hold nothing up.
const recordPatience = 10 * time.Second

// recordInTime records Helm releases, or says how long to wait where that has failed, or
// where there is about to be more to record.
func (r *Reconciler) recordInTime(ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory) (time.Duration, error) {
	if wait := max(m.recording.left(time.Now()), p.getsOn(time.Now())); wait > 0 {
		return wait, nil
	}
	missing, err := r.record(ctx, smc, p, m)
	if getsOn := m.recording.after(err, missing, time.Now()); getsOn {
		return firstRetry, nil
	}
	return 0, err
}

// getsOn is how long a mesh that is not complete may go without progress until it is
// recorded as it is. Zero: it has, or it is complete.
func (p *pass) getsOn(now time.Time) time.Duration {
	if p.complete() || p.progressTime.IsZero() {
		return 0
	}
	return max(0, recordPatience-now.Sub(p.progressTime))
}

// record writes Helm releases of what has changed, and forgets those of components that
// the mesh no longer has. Where a person may have used helm, it looks for what that has
// added. It tells how many writes of releases were missing.
func (r *Reconciler) record(ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory) (missing int, err error) {
	recorder := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespaceOf(smc)))
	if missing, err = m.record(ctx, recorder, p); err != nil || !p.complete() {
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

// record writes releases for the components that are complete and have changed since
// they were last recorded. It tells how many writes were missing.
func (m *memory) record(ctx context.Context, recorder *helm.Recorder, p *pass) (missing int, err error) {
	var records []helm.Record
	for i, state := range p.components {
		component := p.plan.Components[i]
		if !state.done || component.Rendered == nil || m.recorded[component.Name] == component.Digest {
			continue
		}
		records = append(records, helm.Record{Rendered: component.Rendered, Digest: component.Digest})
	}
	if len(records) == 0 {
		return 0, nil
	}
	// Each try begins with another one: what cannot be written holds back no other.
	first := m.recording.failures % len(records)
	records = append(records[first:], records[:first]...)
	done, missing, err := recorder.Record(ctx, records)
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
