// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/klog/v2"
)

func TestPreflight(t *testing.T) {
	RegisterFailHandler(Fail)
	klog.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(10 * time.Second)
	RunSpecs(t, "Preflight")
}
