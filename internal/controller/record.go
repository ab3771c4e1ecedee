// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// record writes Helm releases for the components that are complete and have
// changed since they were last recorded.
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
	if len(records) == 0 {
		return nil
	}
	recorder := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespaceOf(smc)))
	if err := recorder.Record(ctx, records); err != nil {
		return err
	}
	for name, digest := range digests {
		m.recorded[name] = digest
	}
	return nil
}

func namespaceOf(smc *v1.ServiceMeshController) string {
	return cmp.Or(smc.Spec.InstallNamespace, v1.DefaultInstallNamespace)
}
