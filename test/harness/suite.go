// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/gloo-operator/gloo-operator/test/harness/attempts"
)

// Run runs a suite. What it waits for may take long, since the machine may be busy, and
// Kubernetes' own controllers pause for up to a minute after an API server was away; how long
// it takes is no matter of tests.
func Run(t *testing.T, title string) {
	t.Helper()
	RegisterFailHandler(Fail)
	ctrl.SetLogger(logr.Discard()) // Unset, it prints where it was first asked for, after half a minute.
	SetDefaultEventuallyTimeout(4 * time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, title, attempts.SuiteConfig())
}
