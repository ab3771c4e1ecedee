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

// pendingTimeout is how long a revision that somebody's helm works on is left alone: helm's
// own default for --timeout. A helm that takes longer finds its revision superseded, and
// what it writes afterwards is looked at again.
const pendingTimeout = 5 * time.Minute

// ownerSelector selects the Secrets that Helm keeps its releases in.
const ownerSelector = "owner=helm"

// Revision is what the metadata of a release's Secret says of one revision.
type Revision struct {
	// Release is the name of the release.
	Release string
	// Version counts the revisions of a release.
	Version int
	// Written is when the Secret was last written, by the API server's clock.
	Written time.Time

	status release.Status
	mark   string
	// edited reports that another client has replaced the content since it was created.
	edited bool
}

// revisionOf reads the metadata of a Secret. It is false for a Secret that is not named
// as Helm names the one of that revision.
func revisionOf(secret metav1.Object) (Revision, bool) {
	labels := secret.GetLabels()
	version, err := strconv.Atoi(labels["version"])
	r := Revision{
		Release: labels["name"], Version: version, Written: lastWrite(secret),
		status: release.Status(labels["status"]), mark: labels[digestLabel], edited: edited(secret),
	}
	return r, err == nil && version > 0 && secret.GetName() == secretName(r.Release, version)
}

// edited reports that the client that created a Secret, which keeps its immutable type, no
// longer owns its content.
func edited(secret metav1.Object) bool {
	return slices.ContainsFunc(secret.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		if entry.FieldsV1 == nil {
			return false
		}
		fields := entry.FieldsV1.GetRawString()
		return strings.Contains(fields, `"f:type"`) && !strings.Contains(fields, `"f:release"`)
	})
}

// lastWrite is the newest time that the API server has noted on an object.
func lastWrite(object metav1.Object) time.Time {
	newest := object.GetCreationTimestamp().Time
	for _, entry := range object.GetManagedFields() {
		if entry.Time != nil && entry.Time.After(newest) {
			newest = entry.Time.Time
		}
	}
	return newest
}

// forged reports a revision that passes for the operator's with other content.
func (r Revision) forged() bool { return r.edited && r.ours() && r.status == release.StatusDeployed }

// Revisions are the revisions of one release.
type Revisions []Revision

// Truthful reports whether the newest revision is the operator's for that digest and the
// only one that is deployed.
func (all Revisions) Truthful(digest string) bool {
	newest, ok := all.newest()
	if !ok || newest.edited || newest.mark != mark(digest, newest.Version) || newest.status != release.StatusDeployed {
		return false
	}
	return !slices.ContainsFunc(all, func(r Revision) bool { return r.Version != newest.Version && !past(r.status) })
}

// Foreign reports whether the newest revision is not one that the operator made.
func (all Revisions) Foreign() bool {
	newest, ok := all.newest()
	return ok && !newest.ours()
}

// ours reports whether the operator made the revision: helm copies labels from one revision
// to the next, so the mark names the one that it was made for.
func (r Revision) ours() bool { return strings.HasSuffix(r.mark, mark("", r.Version)) }

// Pending is how long to leave the release alone, since somebody's helm may be at work on
// it. Zero: nobody's is.
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

// past reports whether a status is one that an older revision may have.
func past(status release.Status) bool {
	return status == release.StatusSuperseded || status == release.StatusFailed
}

// secretName is how Helm's storage names the Secret of a revision
// (helm.sh/helm/v3/pkg/storage, makeKey).
func secretName(name string, version int) string {
	return fmt.Sprintf("sh.helm.release.v1.%s.v%d", name, version)
}
