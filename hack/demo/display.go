// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// display shows a status that moves.
type display interface {
	// show takes the newest state of the resource.
	show(*v1.ServiceMeshController)
	// tick tells that time has passed.
	tick()
}

// newDisplay is a table that updates in place on a terminal, and lines elsewhere.
func newDisplay(out *os.File) display {
	began := time.Now()
	elapsed := func() time.Duration { return time.Since(began) }
	if !term.IsTerminal(int(out.Fd())) {
		return &lines{out: out, elapsed: elapsed, shown: map[string]string{}}
	}
	width := func() int {
		columns, _, err := term.GetSize(int(out.Fd()))
		if err != nil {
			return 80
		}
		return columns
	}
	return &table{out: out, elapsed: elapsed, width: width}
}

// table redraws itself in place.
type table struct {
	out     io.Writer
	elapsed func() time.Duration
	width   func() int
	last    *v1.ServiceMeshController
	height  int
}

func (t *table) show(smc *v1.ServiceMeshController) {
	t.last = smc
	t.tick()
}

// tick moves the cursor to the table's first line and overwrites each line.
func (t *table) tick() {
	if t.last == nil {
		return
	}
	var text strings.Builder
	if t.height > 0 {
		fmt.Fprintf(&text, "\x1b[%dA", t.height)
	}
	drawn := draw(t.last, t.elapsed())
	for _, line := range drawn {
		fmt.Fprintf(&text, "\x1b[2K%s\n", cut(line, t.width()))
	}
	text.WriteString("\x1b[J")
	t.height = len(drawn)
	_, _ = io.WriteString(t.out, text.String()) // a terminal that is gone needs no table
}

// draw makes the lines of the table.
func draw(smc *v1.ServiceMeshController, elapsed time.Duration) []string {
	phase, message := summary(smc)
	lines := []string{
		fmt.Sprintf("%s  %s  %s", smc.Name, phase, seconds(elapsed)),
		row("COMPONENT", "VERSION", "PODS", "MESSAGE"),
	}
	for _, c := range smc.Status.Components {
		lines = append(lines, row(c.Name, c.Version, c.Pods, c.Message))
	}
	return append(lines, message)
}

// summary is the phase and the message, unless they speak of an older spec.
func summary(smc *v1.ServiceMeshController) (v1.Phase, string) {
	if smc.Status.ObservedGeneration != smc.Generation {
		return v1.PhasePending, ""
	}
	return smc.Status.Phase, smc.Status.Message
}

func row(name, version, pods, message string) string {
	return strings.TrimRight(fmt.Sprintf("  %-12s %-8s %-6s %s", name, cmp.Or(version, "-"), cmp.Or(pods, "-"), message), " ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// cut keeps a line from wrapping, which would spoil the count of lines.
func cut(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	return string(runes[:max(0, width-1)]) + "…"
}

// lines prints a line for each change.
type lines struct {
	out     io.Writer
	elapsed func() time.Duration
	shown   map[string]string
}

func (l *lines) show(smc *v1.ServiceMeshController) {
	for _, c := range smc.Status.Components {
		if c.Version == "" && c.Pods == "" && c.Message == "" {
			continue
		}
		l.print(c.Name, row(c.Name, c.Version, c.Pods, c.Message))
	}
	phase, message := summary(smc)
	if slices.ContainsFunc(smc.Status.Components, func(c v1.ComponentStatus) bool { return c.Message != "" }) {
		message = "" // it says what that component's line does
	}
	l.print("", fmt.Sprintf("  %-12s %s", phase, message))
}

// print prints the text unless it is what was printed for that subject last.
func (l *lines) print(subject, text string) {
	if l.shown[subject] == text {
		return
	}
	l.shown[subject] = text
	fmt.Fprintf(l.out, "%7s%s\n", seconds(l.elapsed()), strings.TrimRight(text, " "))
}

func (l *lines) tick() {}
