// SPDX-License-Identifier: Apache-2.0

// Package adoption_test runs the operator on clusters where another tool has
// installed Istio already.
package adoption_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// env is the environment of the container that runs.
var env *Env

func TestAdoption(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(90 * time.Second)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Taking over from other tools")
}
