// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Bound gives a chart from elsewhere other limits.
func (c *Chart) Bound(deadline time.Duration, output int) {
	c.sandbox.limits.deadline, c.sandbox.limits.output = deadline, output
}

// StartInstead has another program started for rendering. Empty: as before.
func (c *Chart) StartInstead(executable string) { c.sandbox.executable = executable }

// RenderApart renders in a process of its own, whatever the values.
func (c *Chart) RenderApart(request Request) (string, []*unstructured.Unstructured, error) {
	return c.sandbox.render(c.chart, request)
}

// MayGrow tells values that are rendered in a process of their own.
func MayGrow(values map[string]any) bool { return mayGrow(values) }
