// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pendingTimeout is how long a pending revision of another helm client is left alone: the
// default of helm's --timeout. A client that takes longer finds its revision superseded.
const pendingTimeout = 5 * time.Minute

// ownerSelector selects the Secrets that Helm keeps its releases in.
const ownerSelector = "owner=helm"

// Revision is the metadata of one revision of a Helm release.
type Revision struct {
	// Release is the name of the release.
	Release string
	// Version is the number of the revision, from 1.
	Version int
	// Written is the last write of the Secret, by the API server's clock.
	Written time.Time

	status release.Status
	label  string
	// edited reports whether another client has replaced the content since the Secret was
	// created.
	edited bool
}

// revisionOf reads the metadata of a Secret. It returns false if the Secret does not have
// the name that Helm gives to that revision.
func revisionOf(secret metav1.Object) (Revision, bool) {
	labels := secret.GetLabels()
	version, err := strconv.Atoi(labels["version"])
	r := Revision{
		Release: labels["name"], Version: version, Written: lastWrite(secret),
		status: release.Status(labels["status"]), label: labels[digestLabel], edited: edited(secret),
	}
	return r, err == nil && version > 0 && secret.GetName() == secretName(r.Release, version)
}

// edited reports whether the client that created the Secret no longer owns its content.
// That client stays the owner of the type, which is immutable.
func edited(secret metav1.Object) bool {
	return slices.ContainsFunc(secret.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		if entry.FieldsV1 == nil {
			return false
		}
		fields := entry.FieldsV1.GetRawString()
		return strings.Contains(fields, `"f:type"`) && !strings.Contains(fields, `"f:release"`)
	})
}

// lastWrite returns the newest time in the object's metadata.
func lastWrite(object metav1.Object) time.Time {
	newest := object.GetCreationTimestamp().Time
	for _, entry := range object.GetManagedFields() {
		if entry.Time != nil && entry.Time.After(newest) {
			newest = entry.Time.Time
		}
	}
	return newest
}

// tampered reports whether the revision has the operator's label and the content of another
// client.
func (r Revision) tampered() bool {
	return r.edited && r.byOperator() && r.status == release.StatusDeployed
}

// Revisions are the revisions of one release, in any order.
type Revisions []Revision

// Recorded reports whether the newest revision is the operator's for that digest, and the
// only one with status deployed.
func (all Revisions) Recorded(digest string) bool {
	newest, ok := all.newest()
	if !ok || newest.edited || newest.label != revisionLabel(digest, newest.Version) || newest.status != release.StatusDeployed {
		return false
	}
	return !slices.ContainsFunc(all, func(r Revision) bool { return r.Version != newest.Version && !isPast(r.status) })
}

// Foreign reports whether the newest revision was not written by this operator. It is false
// if there is none.
func (all Revisions) Foreign() bool {
	newest, ok := all.newest()
	return ok && !newest.byOperator()
}

// byOperator reports whether this operator wrote the revision. Helm copies labels to the
// next revision, so the label names the revision that it belongs to.
func (r Revision) byOperator() bool { return strings.HasSuffix(r.label, revisionLabel("", r.Version)) }

// Pending returns how long to wait for another helm client that has a pending or
// uninstalling revision. Zero: there is none.
func (all Revisions) Pending(now time.Time) time.Duration {
	var wait time.Duration
	for _, r := range all {
		if r.status.IsPending() || r.status == release.StatusUninstalling {
			wait = max(wait, min(pendingTimeout, r.Written.Add(pendingTimeout).Sub(now)))
		}
	}
	return wait
}

func (all Revisions) newest() (Revision, bool) {
	if len(all) == 0 {
		return Revision{}, false
	}
	return slices.MaxFunc(all, func(a, b Revision) int { return cmp.Compare(a.Version, b.Version) }), true
}

// isPast reports whether the status is one of an older revision.
func isPast(status release.Status) bool {
	return status == release.StatusSuperseded || status == release.StatusFailed
}

// secretName returns the name of a revision's Secret in Helm's storage:
// helm.sh/helm/v3/pkg/storage, makeKey.
func secretName(name string, version int) string {
	return fmt.Sprintf("sh.helm.release.v1.%s.v%d", name, version)
}
