// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/cli"
)

func TestMain(m *testing.M) {
	cli.RenderIfChild()
	os.Exit(m.Run())
}

func TestPodTemplates(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Pod templates")
}
