// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// namespaceState is what a session knows of a mesh's install namespace.
type namespaceState struct {
	// uid is that of the namespace. Empty: not known.
	uid types.UID
	// lost is since when the operator has lacked permissions in it. Zero: it has them.
	lost time.Time
	// bound is when it bound them last, refused reports that it may not.
	bound   time.Time
	refused bool
}

// blocker returns what blocks an attempt while permissions are missing. It is quiet for a
// while, since an API server that has just started denies everything for a moment.
func (n *namespaceState) blocker(now time.Time, namespace string) *status.Blocker {
	blocker := &status.Blocker{Reason: v1.ReasonNamespaceForbidden, RetryAfter: permissionCheck, Message: restoringMessage(namespace)}
	switch {
	case n.refused || now.Sub(n.lost) >= permissionTimeout:
		blocker.Phase, blocker.Message = v1.PhaseFailed, fmt.Sprintf("the operator lacks permissions in namespace %s: run helm upgrade for the operator's Helm chart", namespace)
	case now.Sub(n.lost) < permissionGrace:
		blocker.Quiet = true
	}
	return blocker
}

// mayBind reports whether it is time to bind the permissions again.
func (n *namespaceState) mayBind(now time.Time) bool {
	return !n.refused && now.Sub(n.lost) >= permissionGrace && now.Sub(n.bound) >= lastRetry
}

// mayRecover reports whether missing permissions may be restored without a person.
func (n *namespaceState) mayRecover(now time.Time) bool {
	return !n.refused && now.Sub(n.lost) < permissionTimeout
}

func (n *namespaceState) noteDenial(now time.Time) {
	if n.lost.IsZero() {
		n.lost = now
	}
}

// permissionTimeout is how long permissions may take to have effect once they are bound: the
// watches that were denied are tried again within a minute.
const permissionTimeout = 2 * time.Minute

// permissionGrace is how long the operator may be denied everything before it binds its
// permissions again: an API server that has just started does so until it knows its roles.
const permissionGrace = 5 * time.Second

// permissionCheck is how often the operator checks whether permissions have taken effect. It
// sends no request.
const permissionCheck = time.Second

// restoringMessage says that the operator restores its own permissions.
func restoringMessage(namespace string) string {
	return fmt.Sprintf("the operator lacks permissions in namespace %s: it restores its RoleBinding and tries again", namespace)
}
