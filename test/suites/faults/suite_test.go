// SPDX-License-Identifier: Apache-2.0

// Package faults_test breaks the operator and what it stands on, and compares
// what comes of it with what an undisturbed operator leaves, object by object.
//
// # What "killed at every write" covers
//
// An undisturbed life on a fresh cluster (install, upgrade, uninstall) gives the
// list of writes. For each of them and for both ways to die there is a run of its
// own: the operator dies at exactly this write, a fresh one takes over, and the
// cluster must become as the undisturbed phase left it. A write is named by what it
// is and not by its number, since the writes of one wave go in parallel, in any
// order, and numbers would hit some writes twice and others never. Writes that are
// under way when the operator dies are cut off, as with a real process. The only
// writes that a run may not come to are those of the status, which differ in number
// as the rollout goes; which were hit is counted.
//
// A run installs, upgrades and uninstalls, and dies once in each of the three, so
// each phase begins where an undisturbed one would. An uninstallation keeps CRDs and
// the namespace, so from the second life on their writes create nothing. What it
// means to die while one of these is created is therefore tried on clusters of their
// own, in a chain: each operator dies at the first creation that none has died at
// before, and the one that finds no such creation any more completes.
//
// Errors go by lives as well, one for each kind: the first attempt of every single
// write of the life fails.
package faults_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

func TestFaults(t *testing.T) { Run(t, "The operator under faults") }

// sites are the clusters that specs without a need for one of their own share. Two keep
// one processor busy.
var sites []*site

// undisturbed is the life that others are compared with.
var undisturbed life

var _ = BeforeSuite(func(ctx SpecContext) {
	for range 3 {
		sites = append(sites, newSite(ctx))
	}
	undisturbed = sites[0].live()
})

var _ = BeforeEach(func() { each(sites, (*site).reset) })

var _ = AfterSuite(func() { Expect(results.write()).To(Succeed()) })
