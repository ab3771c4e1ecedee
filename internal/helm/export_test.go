// SPDX-License-Identifier: Apache-2.0

package helm

import "time"

// Bound gives a chart from elsewhere other limits.
func (c *Chart) Bound(deadline time.Duration, output int) {
	c.sandbox.limits.deadline, c.sandbox.limits.output = deadline, output
}
