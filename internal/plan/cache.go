// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"sync"
)

// cache keeps one value for each slot: the newest, with the key it was made for.
// Its zero value is empty.
type cache[V any] struct {
	mu    sync.Mutex
	slots map[string]entry[V]
}

type entry[V any] struct {
	key   string
	value V
}

// get returns the slot's value where it was made for that key, and otherwise
// makes it anew. Failures are not kept.
func (c *cache[V]) get(slot, key string, make func() (V, error)) (V, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept, ok := c.slots[slot]; ok && kept.key == key {
		return kept.value, nil
	}
	value, err := make()
	if err != nil {
		return value, err
	}
	if c.slots == nil {
		c.slots = map[string]entry[V]{}
	}
	c.slots[slot] = entry[V]{key: key, value: value}
	return value, nil
}

// plansKept is how many plans a builder keeps: that of the version that runs, and of
// the one that a mesh is on its way to.
const plansKept = 2

// plans keeps those plans that were asked for last, newest first. Its zero value is
// empty.
type plans struct {
	mu   sync.Mutex
	kept []entry[*Plan]
}

// get returns the plan that was made of that key, and otherwise makes it. Failures are
// not kept.
func (p *plans) get(key string, make func() (*Plan, error)) (*Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.kept, func(e entry[*Plan]) bool { return e.key == key })
	if i < 0 {
		made, err := make()
		if err != nil {
			return nil, err
		}
		i = len(p.kept)
		p.kept = append(p.kept, entry[*Plan]{key: key, value: made})
	}
	found := p.kept[i]
	p.kept = slices.Insert(slices.Delete(p.kept, i, i+1), 0, found)
	p.kept = slices.Delete(p.kept, min(plansKept, len(p.kept)), len(p.kept))
	return found.value, nil
}
