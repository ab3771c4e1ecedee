// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"flag"
	"fmt"
	"html"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"
)

// pictureFile is where the dashboard is drawn to, for the docs.
var pictureFile = flag.String("picture", "", "draw the dashboard, with what it showed during the suite, to that SVG file")

// The picture's measures, in pixels: of a unit of Grafana's grid, and of a line of text.
const (
	unitX, unitY = 50, 36
	line         = 15
	margin       = 10
	// described is how many series of a panel are named.
	described = 8
)

var colors = []string{"#3274d9", "#e0752d", "#299c46", "#a352cc", "#d44a3a", "#7f8c8d", "#b58900", "#00838f"}

// draw draws the panels where Grafana would have them, with what they showed since then.
func draw(g Gomega, d dashboard, since time.Time) {
	if *pictureFile == "" {
		return
	}
	var body strings.Builder
	height := 0
	for _, p := range d.Panels {
		height = max(height, (p.Position.Y+p.Position.H)*unitY)
		fmt.Fprintf(&body, "<g transform=\"translate(%d,%d)\">\n", p.Position.X*unitX, p.Position.Y*unitY)
		c := canvas{&body, p.Position.W*unitX - margin, p.Position.H*unitY - margin}
		c.printf(`<rect width="%d" height="%d" rx="4" fill="#ffffff" stroke="#d8d9da"/>`, c.width, c.height)
		c.text(margin, 18, "#333333", p.Title)
		c.panel(p, p.ask(g, since))
		body.WriteString("</g>\n")
	}
	picture := fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#f4f5f5\"/>\n%s</svg>\n", 24*unitX, height, &body)
	g.Expect(os.WriteFile(*pictureFile, []byte(picture), 0o644)).To(Succeed())
}

// curve is a series of a panel.
type curve struct {
	name   string
	points [][2]float64 // Seconds since 1970, value.
}

func (c curve) last() float64 { return c.points[len(c.points)-1][1] }

// ask is what the panel showed since then.
func (p panel) ask(g Gomega, since time.Time) []curve {
	var curves []curve
	for _, t := range p.Targets {
		for _, found := range watcher.askRange(g, strings.ReplaceAll(t.Expr, "$mesh", ".*"), since) {
			if found.points = slices.DeleteFunc(found.points, func(p [2]float64) bool { return math.IsNaN(p[1]) }); len(found.points) > 0 {
				curves = append(curves, curve{t.legend(found.labels), found.points})
			}
		}
	}
	return curves
}

// placeholder stands for a label in a legend.
var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// legend names a series as Grafana would: by the target's format, or by its labels.
func (t target) legend(labels map[string]string) string {
	if t.Legend == "" {
		var told []string
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			told = append(told, name+"="+labels[name])
		}
		return strings.Join(told, "  ")
	}
	return placeholder.ReplaceAllStringFunc(t.Legend, func(found string) string { return labels[placeholder.FindStringSubmatch(found)[1]] })
}

// canvas is where a panel is drawn.
type canvas struct {
	*strings.Builder
	width, height int
}

func (c canvas) printf(format string, arguments ...any) { fmt.Fprintf(c, format+"\n", arguments...) }

func (c canvas) text(x, y int, color, text string) {
	c.printf(`<text x="%d" y="%d" fill="%s">%s</text>`, x, y, color, html.EscapeString(text))
}

// panel draws curves with a legend, or last values as text.
func (c canvas) panel(p panel, curves []curve) {
	named := curves[:min(described, len(curves))]
	switch p.Type {
	case "stat", "table":
		for i, curve := range present(named) {
			c.text(margin, 40+i*line, "#333333", strings.TrimSpace(fmt.Sprintf("%s  %.4g", curve.name, curve.last())))
		}
	case "state-timeline":
		c.bars(named)
	default:
		bottom := c.height - margin - (len(named)+1)/2*line
		c.curves(curves, bottom)
		for i, curve := range named {
			c.text(margin+i%2*c.width/2, bottom+line*(1+i/2), colors[i%len(colors)], fmt.Sprintf("%s: %.3g", curve.name, curve.last()))
		}
	}
}

// span is when the first and the last point of curves are, and what the largest value.
func span(curves []curve) (first, last, most float64) {
	first, last, most = math.Inf(1), math.Inf(-1), 1e-9
	for _, curve := range curves {
		for _, p := range curve.points {
			first, last, most = min(first, p[0]), max(last, p[0]), max(most, p[1])
		}
	}
	return first, last, most
}

// present leaves out series that had ended.
func present(curves []curve) []curve {
	_, last, _ := span(curves)
	return slices.DeleteFunc(slices.Clone(curves), func(c curve) bool { return c.points[len(c.points)-1][0] < last })
}

// bars draws for each series when it was there.
func (c canvas) bars(curves []curve) {
	const names = 180
	first, last, _ := span(curves)
	second := float64(c.width-names-margin) / (last - first + step)
	for i, curve := range curves {
		c.text(margin, 40+i*2*line, colors[i%len(colors)], curve.name)
		for _, p := range curve.points {
			c.printf(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`,
				names+(p[0]-first)*second, 28+i*2*line, step*second, line, colors[i%len(colors)])
		}
	}
}

// curves draws lines from below the title to the bottom, on a scale from 0 to the
// largest value.
func (c canvas) curves(curves []curve, bottom int) {
	const top = 30
	first, last, most := span(curves)
	c.printf(`<path d="M%d %dH%dM%d %dH%d" stroke="#d8d9da" fill="none"/>`, margin, top, c.width-margin, margin, bottom, c.width-margin)
	c.text(c.width-60, top-4, "#7f8c8d", fmt.Sprintf("%.3g", most))
	for i, curve := range curves {
		var path strings.Builder
		for n, p := range curve.points {
			x := margin + (p[0]-first)/max(last-first, 1)*float64(c.width-2*margin)
			y := float64(bottom) - p[1]/most*float64(bottom-top)
			fmt.Fprintf(&path, "%s%.0f %.0f", map[bool]string{true: "M", false: "L"}[n == 0], x, y)
		}
		c.printf(`<path d="%s" stroke="%s" stroke-width="1.5" fill="none"/>`, &path, colors[i%len(colors)])
	}
}
