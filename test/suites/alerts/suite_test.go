// SPDX-License-Identifier: Apache-2.0

// Package alerts_test has Debian's Prometheus watch a running operator by the chart's
// alert rules: each alert fires when its fault is made.
package alerts_test

import (
	"testing"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

func TestAlerts(t *testing.T) { Run(t, "What Prometheus makes of the operator") }
