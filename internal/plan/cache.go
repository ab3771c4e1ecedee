// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"sync"

	"k8s.io/utils/lru"
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

// get returns the slot's value if it has that key, and makes a new one otherwise.
// Failures are not cached.
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

// plansKept is how many plans a builder caches: those of the running version and of the
// next step of an upgrade.
const plansKept = 2

// plans caches the most recently used plans. Its zero value is empty.
type plans struct {
	mu   sync.Mutex
	kept *lru.Cache
}

// get returns the cached plan of that key, or makes it. Failures are not cached.
func (p *plans) get(key string, make func() (*Plan, error)) (*Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = lru.New(plansKept)
	}
	if found, ok := p.kept.Get(key); ok {
		return found.(*Plan), nil
	}
	made, err := make()
	if err != nil {
		return nil, err
	}
	p.kept.Add(key, made)
	return made, nil
}
