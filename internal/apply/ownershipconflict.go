// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// The first corrections of an object follow at once. Each later one waits twice as long
// as the one before. The conflict ends when the object stays unchanged for conflictEnd.
const (
	immediateCorrections = 3
	firstPause           = 2 * time.Second
	longestPause         = 5 * time.Minute
	conflictEnd          = 30 * time.Second
)

// driftBackoff is the history of corrections of one object.
type driftBackoff struct {
	corrections int
	// pauses are those that follow.
	pauses wait.Backoff
	// pause is how long the object is left alone after the last correction.
	pause time.Duration
	// until is when the object may be corrected again.
	until time.Time
	// over is when the conflict ends, unless the object is changed again.
	over time.Time
	lost LostFields
}

// next returns the history after one more correction.
func (c driftBackoff) next(now time.Time, lost LostFields) driftBackoff {
	if now.After(c.over) {
		c = driftBackoff{pauses: wait.Backoff{Duration: firstPause, Factor: 2, Steps: math.MaxInt32, Cap: longestPause}}
	}
	c.corrections++
	c.pause = 0
	if c.corrections >= immediateCorrections {
		c.pause = c.pauses.Step()
	}
	c.until, c.over, c.lost = now.Add(c.pause), now.Add(c.pause+conflictEnd), lost
	return c
}

// OwnershipConflict is an object that another manager changes again and again.
type OwnershipConflict struct {
	object.Key
	// Lost says who changes which fields.
	Lost LostFields
	// Pause is how long the object is left alone before the next correction.
	Pause time.Duration
	// Again is when to look again.
	Again time.Time
}

// OwnershipConflicts returns those of the objects that another manager changes again and
// again.
func (a *Applier) OwnershipConflicts(objects []object.Object) []OwnershipConflict {
	a.mu.Lock()
	defer a.mu.Unlock()
	var conflicts []OwnershipConflict
	now := a.now()
	for _, object := range objects {
		c, known := a.backoffs[object.Key()]
		if !known || c.corrections < immediateCorrections || now.After(c.over) {
			continue
		}
		again := c.until
		if now.After(again) {
			again = c.over
		}
		conflicts = append(conflicts, OwnershipConflict{Key: object.Key(), Lost: c.lost, Pause: c.pause, Again: again})
	}
	return conflicts
}
