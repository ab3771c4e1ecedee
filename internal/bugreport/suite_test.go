// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestBugReport(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Bug report")
}
