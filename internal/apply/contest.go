// SPDX-License-Identifier: Apache-2.0

package apply

import "time"

// How a fight over an object is told from a slip, and how it is gone about: the
// first corrections follow at once; from then on each waits twice as long as the
// one before, and a calm ends the fight.
const (
	freeCorrections = 3
	firstPause      = 2 * time.Second
	longestPause    = 5 * time.Minute
	calm            = 30 * time.Second
)

// contest is the history of corrections of one object.
type contest struct {
	corrections int
	// pause is how long the object is left alone after the last correction.
	pause time.Duration
	// until is when the object may be corrected again.
	until time.Time
	// over is when the fight is over unless the object is changed once more.
	over  time.Time
	theft Theft
}

// next is the history after one more correction.
func (c contest) next(now time.Time, theft Theft) contest {
	if now.After(c.over) {
		c = contest{}
	}
	c.corrections++
	c.pause = 0
	if c.corrections >= freeCorrections {
		c.pause = min(longestPause, firstPause<<min(c.corrections-freeCorrections, 16))
	}
	c.until, c.over, c.theft = now.Add(c.pause), now.Add(c.pause+calm), theft
	return c
}

// Fight is an object that somebody changes again and again.
type Fight struct {
	Key
	// Theft tells who changes which fields.
	Theft Theft
	// Pause is how long the object is left alone before the next correction.
	Pause time.Duration
	// Again is when to look again.
	Again time.Time
}

// Fights lists those of the objects over which there is a fight.
func (a *Applier) Fights(objects []Object) []Fight {
	a.mu.Lock()
	defer a.mu.Unlock()
	var fights []Fight
	now := a.now()
	for _, object := range objects {
		c, known := a.contests[object.Key()]
		if !known || c.corrections < freeCorrections || now.After(c.over) {
			continue
		}
		again := c.until
		if now.After(again) {
			again = c.over
		}
		fights = append(fights, Fight{Key: object.Key(), Theft: c.theft, Pause: c.pause, Again: again})
	}
	return fights
}
