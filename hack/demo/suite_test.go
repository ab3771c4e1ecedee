// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// operatorVariable makes the test binary play the operator instead of testing.
const operatorVariable = "DEMO_TEST_OPERATOR"

// TestMain lets the test binary also be a program that runs until it is told to
// end: at SIGTERM, or only at SIGKILL where the variable is "deaf".
func TestMain(m *testing.M) {
	kind := os.Getenv(operatorVariable)
	if kind == "" {
		os.Exit(m.Run())
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	fmt.Println("listening")
	<-terminated
	if kind == "deaf" {
		select {}
	}
}

func TestDemo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Demo")
}
