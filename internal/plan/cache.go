// SPDX-License-Identifier: Apache-2.0

package plan

import "sync"

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
