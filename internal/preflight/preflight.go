// SPDX-License-Identifier: Apache-2.0

package preflight

import "strings"

// Check detects one problem of the cluster.
type Check struct {
	// Reason is a constant of api/v1, with which the finding is reported.
	Reason string
	// Blocking reports whether it prevents an installation or an upgrade.
	Blocking bool
	// Title is what the check detects, in a few words.
	Title string
	// Why is the consequence.
	Why string
	// Fix is how to fix it: a command or a Helm value. <namespace>, <version> and
	// <gateway-api> are replaced by those of the mesh.
	Fix string
	// Source is the reference for the rule.
	Source string
	// Find returns what is wrong. Empty: nothing.
	Find func(Facts, Mesh) string
}

// Finding is a detected problem.
type Finding struct {
	// Reason is a constant of api/v1.
	Reason string
	// Blocking reports whether it prevents an installation or an upgrade.
	Blocking bool
	// Message is what is wrong, the consequence, and how to fix it.
	Message string
}

// Checks returns all checks, in the order in which they are reported.
func Checks() []Check {
	var all []Check
	for _, group := range [][]Check{kubernetesChecks, ciliumChecks, platformChecks, namespaceChecks, gatewayAPIChecks, istioChecks, releaseChecks} {
		all = append(all, group...)
	}
	return all
}

// Run runs all checks and returns their findings in order.
func Run(facts Facts, mesh Mesh) []Finding {
	var findings []Finding
	for _, check := range Checks() {
		if wrong := check.Find(facts, mesh); wrong != "" {
			findings = append(findings, Finding{
				Reason: check.Reason, Blocking: check.Blocking,
				Message: wrong + ": " + check.Why + "; " + check.fix(mesh),
			})
		}
	}
	return findings
}

// fix returns Fix for that mesh.
func (c Check) fix(mesh Mesh) string {
	return strings.NewReplacer("<namespace>", mesh.Namespace, "<version>", mesh.Version, "<gateway-api>", mesh.GatewayAPI).Replace(c.Fix)
}

// Blocking returns the findings that block.
func Blocking(findings []Finding) []Finding {
	var blocking []Finding
	for _, f := range findings {
		if f.Blocking {
			blocking = append(blocking, f)
		}
	}
	return blocking
}
