// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// SetLimits sets the limits of a chart from an archive.
func (c *Chart) SetLimits(deadline time.Duration, output int) {
	c.sandbox.limits.deadline, c.sandbox.limits.output = deadline, output
}

// SetExecutable sets the program to start for rendering. Empty: this executable.
func (c *Chart) SetExecutable(executable string) { c.sandbox.executable = executable }

// RenderInChild renders in a child process, with any values.
func (c *Chart) RenderInChild(request Request) (string, []*unstructured.Unstructured, error) {
	return c.sandbox.render(c.chart, request)
}

// MayExpand reports whether values are rendered in a child process.
func MayExpand(values map[string]any) bool { return mayExpand(values) }
