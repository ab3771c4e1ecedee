// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// statusText prints the status of meshes for people, in one screen.
type statusText struct {
	out      io.Writer
	coloured bool
	now      time.Time
}

// historyShown is how many of the last changes are shown.
const historyShown = 3

// print prints one mesh.
func (t statusText) print(m meshStatus) error {
	text := &strings.Builder{}
	t.head(text, m)
	if err := t.components(text, m.Components); err != nil {
		return err
	}
	t.underWay(text, m)
	t.problems(text, m)
	t.traffic(text, m.Traffic)
	t.bypass(text, m.Bypass)
	t.certificates(text, m.Certificates)
	t.history(text, m.History)
	t.hints(text, m.Hints)
	_, err := io.WriteString(t.out, text.String())
	return err
}

// head says what the mesh is, and how it is.
func (t statusText) head(text *strings.Builder, m meshStatus) {
	version := cmp.Or(m.Version, "none")
	if m.Version != m.Wanted {
		version += " (spec.version " + m.Wanted + ")"
	}
	fmt.Fprintf(text, "%s  %s  Istio %s, %s\n", m.Name, t.phase(m.Phase), version, m.DataplaneMode)
	if m.Message != "" {
		fmt.Fprintf(text, "  %s\n", m.Message)
	}
	if e := m.Environment; e != nil {
		fmt.Fprintf(text, "\nCluster: Kubernetes %s%s%s%s\n", e.Kubernetes, prefixed(", ", e.Platform), prefixed(", ", e.CNI), t.nodes(m.Nodes))
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// nodes says how many nodes there are, and which are not ready.
func (t statusText) nodes(n *nodeStatus) string {
	switch {
	case n == nil:
		return "; nodes not shown: you may not list them"
	case len(n.NotReady) == 0:
		return fmt.Sprintf("; nodes ready: %d of %d", n.Total, n.Total)
	default:
		return fmt.Sprintf("; nodes ready: %d of %d, not ready: %s", n.Total-len(n.NotReady), n.Total, wording.First(n.NotReady, 5))
	}
}

// colorsOfPhases are ANSI escape sequences; a phase without one is under way.
var colorsOfPhases = map[v1.Phase]string{
	v1.PhaseSucceeded: colours[added], v1.PhaseFailed: colours[removed], v1.PhaseAborted: colours[removed], v1.PhaseDegraded: colours[removed],
}

func (t statusText) phase(phase v1.Phase) string {
	if !t.coloured {
		return string(phase)
	}
	return cmp.Or(colorsOfPhases[phase], colours[changed]) + string(phase) + noColour
}

// components is a table of the components.
func (t statusText) components(text *strings.Builder, components []v1.ComponentStatus) error {
	if len(components) == 0 {
		return nil
	}
	fmt.Fprintln(text)
	table := tabwriter.NewWriter(text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tVERSION\tPODS\tMESSAGE")
	for _, c := range components {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.Name, cmp.Or(c.Version, "-"), cmp.Or(c.Pods, "-"), c.Message)
	}
	return table.Flush()
}

// underWay says what changes, what waits, and what was rolled back.
func (t statusText) underWay(text *strings.Builder, m meshStatus) {
	if r := m.Rollout; r != nil {
		fmt.Fprintf(text, "\nRollout: %s, for %s", cmp.Or(r.Progress, cmp.Or(r.From, "nothing")+" to "+r.To), t.since(r.StartTime.Time))
		if len(r.Path) > 0 {
			fmt.Fprintf(text, ", then %s", strings.Join(r.Path, ", "))
		}
		fmt.Fprintln(text)
	}
	if p := m.Proposal; p != nil {
		fmt.Fprintf(text, "\nProposal %s: Istio %s: %s", p.Digest, p.Version, p.Summary)
		if p.UpgradeNotes > 0 {
			fmt.Fprintf(text, " (%d upgrade notes: gloo-operator diff -f FILE)", p.UpgradeNotes)
		}
		fmt.Fprintln(text)
	}
	if f := m.FailedRollout; f != nil {
		fmt.Fprintf(text, "\nRolled back: Istio %s: %s\n", f.Version, f.Message)
	}
}

// problems lists the conditions that are not True, and the notices.
func (t statusText) problems(text *strings.Builder, m meshStatus) {
	if len(m.Conditions) > 0 {
		fmt.Fprintln(text)
	}
	for _, c := range m.Conditions {
		fmt.Fprintf(text, "%s is %s (%s)%s\n", c.Type, c.Status, c.Reason, prefixed(": ", c.Message))
	}
	if m.Notices != "" {
		fmt.Fprintf(text, "\nNotices: %s\n", m.Notices)
	}
}

// traffic says on how many nodes it is proven, and lists those where it is not.
func (t statusText) traffic(text *strings.Builder, traffic *v1.TrafficStatus) {
	if traffic == nil {
		return
	}
	fmt.Fprintf(text, "\nTraffic: proven on %s nodes", traffic.Proven)
	if traffic.Since != nil {
		fmt.Fprintf(text, ", for %s", t.since(traffic.Since.Time))
	}
	text.WriteString("\n")
	for _, node := range traffic.Failing {
		fmt.Fprintf(text, "  %s: %s: %s\n", node.Node, node.Reason, node.Message)
	}
}

// suspectsShown is how many pods that may bypass the mesh are shown.
const suspectsShown = 5

// bypass lists the pods that may bypass the mesh.
func (t statusText) bypass(text *strings.Builder, b *v1.BypassStatus) {
	if b == nil || b.LastCheckTime == nil || b.Suspects == 0 {
		return
	}
	fmt.Fprintf(text, "\nBypass, checked %s ago: %s\n", t.since(b.LastCheckTime.Time), b.Message)
	for _, pod := range b.Pods[:min(suspectsShown, len(b.Pods))] {
		fmt.Fprintf(text, "  %s/%s on node %s: %s\n", pod.Namespace, pod.Name, pod.Node, pod.Reason)
	}
}

// certificates says when those of the mesh's CA expire.
func (t statusText) certificates(text *strings.Builder, c *v1.CertificatesStatus) {
	if c == nil {
		return
	}
	fmt.Fprintf(text, "\nCertificates (%s):%s\n", c.Source, prefixed(" ", c.Message))
	t.certificate(text, "root", c.Root)
	t.certificate(text, "signer", c.Signer)
}

func (t statusText) certificate(text *strings.Builder, what string, c *v1.CertificateStatus) {
	if c == nil {
		return
	}
	left := c.NotAfter.Sub(t.now)
	when := "in " + duration.HumanDuration(left)
	if left <= 0 {
		when = duration.HumanDuration(-left) + " ago"
	}
	fmt.Fprintf(text, "  %s expires %s, %s: %s\n", what, c.NotAfter.UTC().Format(time.DateOnly), when, c.Subject)
}

// history lists the last changes.
func (t statusText) history(text *strings.Builder, history []v1.HistoryEntry) {
	if len(history) == 0 {
		return
	}
	fmt.Fprintln(text, "\nLast changes:")
	for _, entry := range history[:min(historyShown, len(history))] {
		change := "installation of " + entry.To
		switch {
		case entry.From == entry.To:
			change = "other values or settings, " + entry.To
		case entry.From != "":
			change = entry.From + " to " + entry.To
		}
		fmt.Fprintf(text, "  %s ago: %s: %s in %s\n", t.since(entry.Time.Time), change, entry.Result, entry.Duration.Duration)
	}
}

func (t statusText) hints(text *strings.Builder, hints []hint) {
	for i, h := range hints {
		if i == 0 {
			fmt.Fprintln(text, "\nNext:")
		}
		fmt.Fprintf(text, "  %s: %s\n", h.Reason, h.Command)
	}
}

func (t statusText) since(then time.Time) string { return duration.HumanDuration(t.now.Sub(then)) }
