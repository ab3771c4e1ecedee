// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// mesh is a resource whose status speaks of the current spec.
func mesh(phase v1.Phase, message string, components ...v1.ComponentStatus) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{}
	smc.Name, smc.Generation = "managed-istio", 2
	smc.Status = v1.ServiceMeshControllerStatus{
		ObservedGeneration: 2, Phase: phase, Message: message, Components: components,
	}
	return smc
}

var (
	istiodDone = v1.ComponentStatus{Name: v1.ComponentIstiod, Version: "1.29.1", Pods: "2/2"}
	cniRolling = v1.ComponentStatus{Name: v1.ComponentCNI, Pods: "3/10", Message: "waiting for 7 pods"}
	cniDone    = v1.ComponentStatus{Name: v1.ComponentCNI, Version: "1.29.1", Pods: "10/10"}
	baseAhead  = v1.ComponentStatus{Name: v1.ComponentBase}
)

func at(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

var _ = Describe("The table on a terminal", func() {
	var out bytes.Buffer
	var view *table
	BeforeEach(func() {
		out.Reset()
		view = &table{out: &out, elapsed: at(1500 * time.Millisecond), width: func() int { return 60 }}
	})

	It("shows the phase, the time and a row for each component", func() {
		view.show(mesh(v1.PhaseInstalling, "istio-cni is rolling out", istiodDone, cniRolling))
		Expect(strings.ReplaceAll(out.String(), "\x1b[2K", "")).To(Equal(strings.Join([]string{
			"managed-istio  INSTALLING  1.5 s",
			"  COMPONENT    VERSION  PODS   MESSAGE",
			"  istiod       1.29.1   2/2",
			"  istio-cni    -        3/10   waiting for 7 pods",
			"istio-cni is rolling out",
			"\x1b[J",
		}, "\n")))
	})

	It("overwrites all lines that it drew before", func() {
		view.show(mesh(v1.PhaseInstalling, "", istiodDone))
		out.Reset()
		view.show(mesh(v1.PhaseInstalling, "", istiodDone, cniRolling))
		Expect(out.String()).To(HavePrefix("\x1b[4A"))
		out.Reset()
		view.tick()
		Expect(out.String()).To(HavePrefix("\x1b[5A"))
	})

	It("draws nothing before there is a resource", func() {
		view.tick()
		Expect(out.String()).To(BeEmpty())
	})

	It("never draws a line that is wider than the terminal", func() {
		view.show(mesh(v1.PhaseInstalling, strings.Repeat("é", 100)))
		Expect(out.String()).To(ContainSubstring(strings.Repeat("é", 59) + "…\n"))
	})

	It("does not show the end of the mesh before", func() {
		smc := mesh(v1.PhaseSucceeded, "complete")
		smc.Generation++
		Expect(draw(smc, 0)[0]).To(Equal("managed-istio  PENDING  0.0 s"))
	})
})

var _ = Describe("The lines where there is no terminal", func() {
	It("tell each change once", func() {
		var out bytes.Buffer
		view := &lines{out: &out, elapsed: at(2 * time.Second), shown: map[string]string{}}
		rolling := mesh(v1.PhaseInstalling, "istio-cni waiting for 7 pods", baseAhead, istiodDone, cniRolling)
		view.show(rolling)
		view.show(rolling)
		view.tick()
		view.show(mesh(v1.PhaseSucceeded, "complete", baseAhead, istiodDone, cniDone))
		Expect(out.String()).To(Equal(strings.Join([]string{
			"  2.0 s  istiod       1.29.1   2/2",
			"  2.0 s  istio-cni    -        3/10   waiting for 7 pods",
			"  2.0 s  INSTALLING",
			"  2.0 s  istio-cni    1.29.1   10/10",
			"  2.0 s  SUCCEEDED    complete",
			"",
		}, "\n")))
	})
})
