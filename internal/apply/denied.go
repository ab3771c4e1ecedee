// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// denied are the sources that the API server does not let the operator read.
type denied struct {
	mu      sync.Mutex
	sources map[source]bool
}

func newDenied() *denied { return &denied{sources: map[source]bool{}} }

// of follows the answers for a source. Only one that is an answer to the question
// whether it may be read changes what is known: an API server that is away is none.
func (d *denied) of(at source) func(error) {
	return func(err error) {
		forbidden := apierrors.IsForbidden(err)
		if err != nil && !forbidden {
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.sources[at] = forbidden
	}
}

func (d *denied) has(at source) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sources[at]
}
