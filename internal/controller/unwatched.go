// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// finishPruning removes what no watch shows, and forgets what is no longer asked about.
func (r *Reconciler) finishPruning(ctx context.Context, smc *v1.ServiceMeshController, p *pass) {
	if err := r.pruneUnwatched(ctx, smc, p); err != nil {
		p.stop = &stop{reason: v1.ReasonApplyFailed, message: "removing what is no longer needed: " + advice(err), cause: err}
		return
	}
	r.applier.Retain(allObjects(p.plan), r.observer.Owned(smc.Name))
}

// pruneUnwatched deletes what the mesh no longer needs of what no watch shows. It looks
// once after the start of the operator, and whenever something of it leaves the plan or
// spec: what an earlier process has made is found as well.
func (r *Reconciler) pruneUnwatched(ctx context.Context, smc *v1.ServiceMeshController, p *pass) error {
	m, wanted := r.remembered(smc), wantedUnwatched(smc, allObjects(p.plan))
	if m.looked && !slices.ContainsFunc(m.unwatched, func(key apply.Key) bool { return !slices.Contains(wanted, key) }) {
		return nil
	}
	done, err := r.deleteUnwatched(ctx, smc, wanted)
	p.written += done
	if err == nil {
		m.looked, m.unwatched = true, wanted
	}
	return err
}

// expect takes note that those objects may be made now.
func (m *memory) expect(wanted []apply.Key) {
	for _, key := range wanted {
		if !slices.Contains(m.unwatched, key) {
			m.unwatched = append(m.unwatched, key)
		}
	}
}

// wantedUnwatched names what the plan holds of objects that no watch shows, and the pull
// secrets of spec: a copy whose source has gone stays while spec names it, since running
// pods may need it.
func wantedUnwatched(smc *v1.ServiceMeshController, objects []apply.Object) []apply.Key {
	var wanted []apply.Key
	for _, object := range objects {
		if apply.Unwatched(object.Key()) {
			wanted = append(wanted, object.Key())
		}
	}
	for _, name := range pullSecretNames(smc) {
		wanted = append(wanted, apply.SecretKey(namespaceOf(smc), name))
	}
	return wanted
}

// deleteUnwatched deletes what the resource owns of such objects, but for those keys, and
// tells how many it has deleted.
func (r *Reconciler) deleteUnwatched(ctx context.Context, smc *v1.ServiceMeshController, keep []apply.Key) (done int, err error) {
	attachments, err := r.applier.Attachments(ctx, smc.Name)
	if err != nil {
		return 0, err
	}
	done, err = r.applier.Delete(ctx, surplus(attachments, keep))
	if err != nil {
		return done, err
	}
	copies, err := r.applier.Copies(ctx, namespaceOf(smc), smc.Name)
	if err != nil {
		return done, err
	}
	more, err := r.applier.Delete(ctx, surplus(copies, keep))
	return done + more, err
}

// surplus lists those of the objects that may be removed and are not to be kept.
func surplus(owned []apply.Owned, keep []apply.Key) []apply.Owned {
	return slices.DeleteFunc(apply.Removable(owned), func(o apply.Owned) bool { return slices.Contains(keep, o.Key) })
}
