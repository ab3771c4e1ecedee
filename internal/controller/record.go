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

// recordInTime records Helm releases, or says how long to wait where that has failed.
func (r *Reconciler) recordInTime(ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory) (time.Duration, error) {
	if wait := m.recording.left(time.Now()); wait > 0 {
		return wait, nil
	}
	err := r.record(ctx, smc, p, m)
	m.recording.after(err, time.Now())
	return 0, err
}

// record writes Helm releases for the components that are complete and have
// changed since they were last recorded, and forgets those of components that the
// mesh no longer has. Once, and after a person has used helm, it looks for what helm
// has added.
func (r *Reconciler) record(ctx context.Context, smc *v1.ServiceMeshController, p *pass, m *memory) error {
	var records []helm.Record
	digests := map[string]string{}
	for i, state := range p.components {
		component := p.plan.Components[i]
		if !state.done || component.Rendered == nil || m.recorded[component.Name] == component.Digest {
			continue
		}
		records = append(records, helm.Record{Rendered: component.Rendered, Digest: component.Digest})
		digests[component.Name] = component.Digest
	}
	recorder := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespaceOf(smc)))
	if len(records) > 0 {
		// Each try begins with another one: what cannot be written holds back no other.
		first := m.recording.failures % len(records)
		records = append(records[first:], records[:first]...)
		if err := recorder.Record(ctx, records); err != nil {
			return err
		}
		maps.Copy(m.recorded, digests)
	}
	if !p.complete() {
		return nil
	}
	if !m.swept {
		told, err := r.adoptAdditions(ctx, smc, allObjects(p.plan))
		if err != nil {
			return fmt.Errorf("looking for what helm has added: %w", err)
		}
		m.notes = append(m.notes, told...)
	}
	if gone := m.gone(p.plan); len(gone) > 0 {
		if err := recorder.Forget(ctx, gone); err != nil {
			return err
		}
		for _, name := range gone {
			delete(m.recorded, name)
		}
	}
	m.swept = true
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
