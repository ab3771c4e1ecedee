// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

func TestMain(m *testing.M) {
	helm.RenderIfChild()
	if err := charttest.TrustPublic(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestCommandLine(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Command line")
}
