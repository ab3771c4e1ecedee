// SPDX-License-Identifier: Apache-2.0

// Package attempts lets the specs of a suite be tried more than once, and keeps account of those
// that needed it. Suites wait for real clusters on machines that are busy with other things: one
// moment of that should not refuse a change, and should not be forgotten either.
package attempts

import (
	"fmt"
	"os"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

const (
	// Variable is the environment variable with the number of attempts that a spec has. Unset: one.
	Variable = "TEST_ATTEMPTS"
	// FlakesVariable is that with the path of a file to which a line is appended for each spec that
	// failed before it passed. Unset: none is written.
	FlakesVariable = "TEST_FLAKES"
)

// SuiteConfig returns Ginkgo's configuration with that number of attempts. A number on the command
// line, -ginkgo.flake-attempts, takes precedence. It panics if the variable is not a number.
func SuiteConfig() types.SuiteConfig {
	config, _ := GinkgoConfiguration()
	text := os.Getenv(Variable)
	if text == "" || config.FlakeAttempts != 0 {
		return config
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		panic(fmt.Sprintf("attempts: %s is %q: set it to a number such as 2", Variable, text))
	}
	config.FlakeAttempts = number
	return config
}

var _ = ReportAfterSuite("Specs that failed before they passed", func(report Report) {
	path := os.Getenv(FlakesVariable)
	if path == "" {
		return
	}
	if err := record(path, report); err != nil {
		Fail(err.Error())
	}
})

// record appends the flakes of a suite to a file, which other suites may write at the same time.
func record(path string, report Report) error {
	text := ""
	for _, spec := range report.SpecReports {
		if spec.State == types.SpecStatePassed && spec.NumAttempts > 1 {
			text += fmt.Sprintf("%s: %s (attempt %d)%s\n", report.SuiteDescription, spec.FullText(), spec.NumAttempts, failures(spec))
		}
	}
	if text == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}

// failures says where and why the earlier attempts failed.
func failures(spec SpecReport) string {
	text := ""
	for _, failure := range spec.AdditionalFailures {
		text += fmt.Sprintf("\n  %s: %s", failure.Failure.Location, failure.Failure.Message)
	}
	return text
}
