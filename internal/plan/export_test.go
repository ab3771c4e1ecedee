// SPDX-License-Identifier: Apache-2.0

package plan

import "k8s.io/apimachinery/pkg/runtime/schema"

// ChartKinds tells for each kind that charts may make whether it is in a namespace.
func ChartKinds() map[schema.GroupVersionKind]bool {
	kinds := map[schema.GroupVersionKind]bool{}
	for gvk, where := range chartKinds {
		kinds[gvk] = where == namespaced
	}
	return kinds
}

// NotRendered tells a rendering that did not end from one that failed.
func NotRendered(err error) bool { return notRendered(err) }
