// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var errMake = errors.New("cannot be made")

var _ = Describe("A cache", func() {
	var c *cache[string]
	var made []string
	get := func(slot, key string) string {
		value, err := c.get(slot, key, func() (string, error) {
			made = append(made, slot+key)
			return slot + key, nil
		})
		Expect(err).NotTo(HaveOccurred())
		return value
	}
	BeforeEach(func() { c, made = &cache[string]{}, nil })

	It("makes a value once for each key, in each slot", func() {
		for range 2 {
			Expect(get("a", "1")).To(Equal("a1"))
			Expect(get("b", "1")).To(Equal("b1"))
		}
		Expect(made).To(Equal([]string{"a1", "b1"}))
	})

	It("keeps the newest value of a slot alone", func() {
		get("a", "1")
		Expect(get("a", "2")).To(Equal("a2"))
		Expect(get("a", "1")).To(Equal("a1"))
		Expect(made).To(Equal([]string{"a1", "a2", "a1"}))
	})

	It("does not keep failures", func() {
		_, err := c.get("a", "1", func() (string, error) { return "", errMake })
		Expect(err).To(MatchError(errMake))
		Expect(get("a", "1")).To(Equal("a1"))
	})
})

var _ = Describe("The cache of plans", func() {
	It("keeps the two that were asked for last", func() {
		p, made := &plans{}, ""
		for _, key := range []string{"1", "2", "1", "3", "1", "2"} {
			found, err := p.get(key, func() (*Plan, error) {
				made += key
				return &Plan{Version: key}, nil
			})
			Expect(err).NotTo(HaveOccurred())
			Expect(found.Version).To(Equal(key))
		}
		Expect(made).To(Equal("1232"))
	})

	It("does not keep failures", func() {
		p := &plans{}
		_, err := p.get("1", func() (*Plan, error) { return nil, errMake })
		Expect(err).To(MatchError(errMake))
		Expect(p.get("1", func() (*Plan, error) { return &Plan{}, nil })).To(Equal(&Plan{}))
	})
})
