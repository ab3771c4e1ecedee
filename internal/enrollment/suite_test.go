// SPDX-License-Identifier: Apache-2.0

package enrollment_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestEnrollment(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Enrollment")
}
