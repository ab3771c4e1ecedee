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
	p := pause{}
	Expect(p.left(now)).To(BeZero())
	var pauses []time.Duration
	for range 100 {
		p.after(errors.New("refused"), now)
		pauses = append(pauses, p.left(now))
	}
	Expect(pauses[:4]).To(Equal([]time.Duration{firstRetry, 2 * firstRetry, 4 * firstRetry, 8 * firstRetry}))
	Expect(pauses[99]).To(Equal(lastRetry))
	Expect(p.left(now.Add(lastRetry + time.Second))).To(BeZero())
	p.after(nil, now)
	Expect(p.left(now)).To(BeZero())
	p.after(errors.New("refused"), now)
	Expect(p.left(now)).To(Equal(firstRetry))
})
