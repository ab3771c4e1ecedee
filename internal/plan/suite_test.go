// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

func TestMain(m *testing.M) {
	helm.RenderIfChild()
	os.Exit(m.Run())
}

func TestPlan(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Plan")
}
