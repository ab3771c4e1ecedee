// SPDX-License-Identifier: Apache-2.0

// Package preflight looks for what would make an installation fail, before the
// first write. A Gatherer reads; a list of named checks, each a pure function,
// decides and reads as the specification.
package preflight

import "strings"

// Check looks for one thing that is wrong.
type Check struct {
	// Reason is the constant of api/v1 by which the finding is told.
	Reason string
	// Blocking tells that nothing is installed or upgraded while it is found.
	Blocking bool
	// Title says in a few words what is looked for.
	Title string
	// Why says what would happen.
	Why string
	// Mend says how to mend it: a command or a Helm value. <namespace>, <version> and
	// <gateway-api> stand for what is to be installed.
	Mend string
	// Source is where the rule is taken from.
	Source string
	// Find says what is wrong. Empty: nothing.
	Find func(Facts, Mesh) string
}

// Finding is something wrong.
type Finding struct {
	// Reason is a constant of api/v1.
	Reason string
	// Blocking tells that nothing is installed or upgraded while it is found.
	Blocking bool
	// Message says what is wrong, why it matters and how to mend it.
	Message string
}

// Checks lists all checks, in the order in which they are told.
func Checks() []Check {
	var all []Check
	for _, group := range [][]Check{kubernetesChecks, ciliumChecks, platformChecks, namespaceChecks, gatewayAPIChecks, istioChecks} {
		all = append(all, group...)
	}
	return all
}

// Run runs all checks.
func Run(facts Facts, mesh Mesh) []Finding {
	var findings []Finding
	for _, check := range Checks() {
		if wrong := check.Find(facts, mesh); wrong != "" {
			findings = append(findings, Finding{
				Reason: check.Reason, Blocking: check.Blocking,
				Message: wrong + ": " + check.Why + "; " + check.mend(mesh),
			})
		}
	}
	return findings
}

// mend fills in what is to be installed.
func (c Check) mend(mesh Mesh) string {
	return strings.NewReplacer("<namespace>", mesh.Namespace, "<version>", mesh.Version, "<gateway-api>", mesh.GatewayAPI).Replace(c.Mend)
}

// Blocking picks the findings that block.
func Blocking(findings []Finding) []Finding {
	var blocking []Finding
	for _, f := range findings {
		if f.Blocking {
			blocking = append(blocking, f)
		}
	}
	return blocking
}
