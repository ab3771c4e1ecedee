// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = It("A pause grows with each failure up to the longest, and ends with a success", func() {
	now := time.Now()
	p := backoff{}
	Expect(p.wait(now)).To(BeZero())
	var pauses []time.Duration
	for range 100 {
		p.observe(errors.New("refused"), 4, now)
		pauses = append(pauses, p.wait(now))
	}
	Expect(pauses[:4]).To(Equal([]time.Duration{firstRetry, 2 * firstRetry, 4 * firstRetry, 8 * firstRetry}))
	Expect(pauses[99]).To(Equal(lastRetry))
	Expect(p.wait(now.Add(lastRetry + time.Second))).To(BeZero())
	p.observe(nil, 4, now)
	Expect(p.wait(now)).To(BeZero())
	p.observe(errors.New("refused"), 4, now)
	Expect(p.wait(now)).To(Equal(firstRetry))
})

var _ = It("A pause is the shortest while tries fail that have less to do each time", func() {
	now := time.Now()
	p := backoff{}
	Expect(p.observe(errors.New("refused"), 4, now)).To(BeFalse(), "the first failure tells nothing")
	Expect(p.observe(errors.New("refused"), 4, now)).To(BeFalse())
	Expect(p.observe(errors.New("refused"), 3, now)).To(BeTrue())
	Expect(p.wait(now)).To(Equal(firstRetry))
	Expect(p.observe(errors.New("refused"), 3, now)).To(BeFalse())
	Expect(p.wait(now)).To(Equal(2 * firstRetry))
})
