// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"
)

// The sizes of the terminal, in characters and pixels.
const (
	columns, rows     = 120, 30
	charWidth, height = 7.3, 17.0
	margin            = 14.0
)

// longestPause is how long the picture stands still at most: the rest of a pause is cut.
const longestPause = 1500 * time.Millisecond

// readingPause is added before the next command is typed.
const readingPause = 2500 * time.Millisecond

// draw makes a picture that shows each line when it appeared, by CSS alone. At the end it stands
// still; so it does from the beginning for readers who have turned animations off.
func draw(lines []line) string {
	lines = paced(lines)
	var text strings.Builder
	total := lines[len(lines)-1].at + time.Second
	w, h := columns*charWidth+2*margin, rows*height+2*margin
	fmt.Fprintf(&text, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n", w, h, w, h)
	text.WriteString("<title>A recording of make demo and an upgrade; long pauses are cut, and short ones added before commands</title>\n")
	fmt.Fprintf(&text, "<style>\n"+
		"text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #d8dee9; white-space: pre }\n"+
		".t { fill: #a3e0a0; font-weight: bold }\n"+
		"svg svg text { opacity: 0; animation: show 1ms forwards }\n"+
		"@keyframes show { to { opacity: 1 } }\n"+
		"#s { animation: scroll %.2fs step-end forwards }\n"+
		"@keyframes scroll {\n%s}\n"+
		"@media (prefers-reduced-motion: reduce) { svg svg text { animation-delay: 0s !important } #s { animation-duration: 1ms } }\n"+
		"</style>\n", total.Seconds(), scroll(lines, total))
	fmt.Fprintf(&text, `<rect width="100%%" height="100%%" rx="8" fill="#1d2433"/>`+"\n")
	fmt.Fprintf(&text, `<svg x="%.0f" y="%.0f" width="%.0f" height="%.0f" xml:space="preserve"><g id="s">`+"\n", margin, margin, columns*charWidth, rows*height)
	for i, l := range lines {
		class := ""
		if l.typed {
			class = ` class="t"`
		}
		fmt.Fprintf(&text, `<text%s y="%.0f" style="animation-delay:%.2fs">%s</text>`+"\n", class, height*float64(i)+12, l.at.Seconds(), html.EscapeString(fitted(l.text)))
	}
	text.WriteString("</g></svg>\n</svg>\n")
	return text.String()
}

// paced cuts what is longer than longestPause between two lines, and adds a pause before a command.
func paced(lines []line) []line {
	var all []line
	var before, at time.Duration
	for i, l := range lines {
		at += min(l.at-before, longestPause)
		if l.typed && i > 0 {
			at += readingPause
		}
		before, l.at = l.at, at
		all = append(all, l)
	}
	return all
}

// scroll are the key frames that move the lines up as soon as the terminal is full.
func scroll(lines []line, total time.Duration) string {
	var frames strings.Builder
	frames.WriteString("0% { transform: translateY(0) }\n")
	for i := rows; i < len(lines); i++ {
		fmt.Fprintf(&frames, "%.3f%% { transform: translateY(%.0fpx) }\n", 100*lines[i].at.Seconds()/total.Seconds(), -height*float64(i-rows+1))
	}
	fmt.Fprintf(&frames, "100%% { transform: translateY(%.0fpx) }\n", height*float64(min(0, rows-len(lines))))
	return frames.String()
}

// fitted cuts a text that is wider than the terminal.
func fitted(text string) string {
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}
