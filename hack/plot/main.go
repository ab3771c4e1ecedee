// SPDX-License-Identifier: Apache-2.0

// Command plot draws what the benchmark compared: for each work and tool the median
// time, with a line from the least to the most. It also draws the overview in the README.
package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// report is the part of the benchmark's report that is drawn: see test/suites/bench.
type report struct {
	Comparisons []comparison
}

type comparison struct {
	Work, Tool string
	Seconds    struct{ Median, Min, Max float64 }
}

// The sizes of the picture.
const (
	width, height = 16 * vg.Centimeter, 9 * vg.Centimeter
	barWidth      = 0.8 * vg.Centimeter
)

// margin is the room beside the groups, as a part of the distance between them, and
// headroom that for the legend above the bars.
const margin, headroom = 0.6, 1.4

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run . REPORT.json|overview PICTURE.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(file, output string) error {
	if file == "overview" {
		return overview(output)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(content, &r); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	drawn, err := picture(r.Comparisons)
	if err != nil {
		return err
	}
	return drawn.Save(width, height, output)
}

// picture makes a group of bars for each work, and a bar for each tool.
func picture(all []comparison) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text, p.Y.Min = "seconds, median and extremes", 0
	p.BackgroundColor = color.White
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	works := distinct(all, func(c comparison) string { return c.Work })
	tools := distinct(all, func(c comparison) string { return c.Tool })
	for i, tool := range tools {
		offset := barWidth * vg.Length(float64(i)-float64(len(tools)-1)/2)
		if err := addTool(p, all, works, tool, offset, plotutil.Color(i)); err != nil {
			return nil, err
		}
	}
	p.NominalX(works...)
	p.X.Min, p.X.Max = -margin, float64(len(works)-1)+margin
	p.Y.Max *= headroom
	return p, nil
}

// addTool adds the bars of one tool.
func addTool(p *plot.Plot, all []comparison, works []string, tool string, offset vg.Length, fill color.Color) error {
	heights := make(plotter.Values, len(works))
	extremes := make(plotter.YErrors, len(works))
	points := make(plotter.XYs, len(works))
	for _, c := range all {
		if i := slices.Index(works, c.Work); c.Tool == tool {
			heights[i], points[i] = c.Seconds.Median, plotter.XY{X: float64(i), Y: c.Seconds.Median}
			extremes[i].Low, extremes[i].High = c.Seconds.Median-c.Seconds.Min, c.Seconds.Max-c.Seconds.Median
		}
	}
	bars, err := plotter.NewBarChart(heights, barWidth)
	if err != nil {
		return err
	}
	bars.Color, bars.Offset, bars.LineStyle.Width = fill, offset, 0
	lines, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{points, extremes})
	if err != nil {
		return err
	}
	p.Add(bars, shifted{lines, offset})
	p.Legend.Add(tool, bars)
	return nil
}

func distinct(all []comparison, key func(comparison) string) []string {
	var names []string
	for _, c := range all {
		if !slices.Contains(names, key(c)) {
			names = append(names, key(c))
		}
	}
	return names
}

// shifted draws something beside its place, as far as a bar is.
type shifted struct {
	plot.Plotter
	offset vg.Length
}

// Plot draws on a canvas that is moved.
func (s shifted) Plot(c draw.Canvas, p *plot.Plot) {
	c.Min.X += s.offset
	c.Max.X += s.offset
	s.Plotter.Plot(c, p)
}
