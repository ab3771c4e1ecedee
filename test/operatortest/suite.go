// SPDX-License-Identifier: Apache-2.0

package operatortest

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Run runs a suite. What it waits for may take long, since the machine may be busy;
// how long it takes is no matter of tests.
func Run(t *testing.T, title string) {
	t.Helper()
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(90 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, title)
}
