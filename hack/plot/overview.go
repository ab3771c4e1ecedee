// SPDX-License-Identifier: Apache-2.0

package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The sizes of the overview. Boxes stand on one line, and the origin is at the bottom left.
const (
	overviewWidth, overviewHeight = 28 * vg.Centimeter, 6.6 * vg.Centimeter
	boxHeight                     = 1.5 * vg.Centimeter
	middle                        = 4 * vg.Centimeter
	large, small                  = vg.Length(11), vg.Length(9)
)

var (
	ink    = color.RGBA{R: 27, G: 58, B: 91, A: 255}
	yours  = color.RGBA{R: 253, G: 233, B: 201, A: 255}
	ours   = color.RGBA{R: 221, G: 235, B: 247, A: 255}
	result = color.RGBA{R: 221, G: 242, B: 224, A: 255}
)

// box is a step with a name and what it is about.
type box struct {
	left, width vg.Length
	name, about string
	fill        color.Color
}

// steps are what happens after a manifest is applied, in the order of docs/design.md.
func steps() []box {
	steps := []box{
		{name: "ServiceMeshController", about: "version, mode, values", width: 4.4 * vg.Centimeter, fill: yours},
		{name: "plan", about: "checks first", width: 2.3 * vg.Centimeter, fill: ours},
		{name: "gateway-api", about: "CRDs", width: 2.7 * vg.Centimeter, fill: ours},
		{name: "istio-base", about: "CRDs", width: 2.3 * vg.Centimeter, fill: ours},
		{name: "istiod", about: "control plane", width: 2.5 * vg.Centimeter, fill: ours},
		{name: "istio-cni", about: "each node", width: 2.3 * vg.Centimeter, fill: ours},
		{name: "ztunnel", about: "each node", width: 2.3 * vg.Centimeter, fill: ours},
		{name: "SUCCEEDED", about: "status", width: 3.2 * vg.Centimeter, fill: result},
	}
	left := 0.4 * vg.Centimeter
	for i := range steps {
		steps[i].left = left
		left += steps[i].width + 0.72*vg.Centimeter
	}
	return steps
}

// overview draws what happens after a manifest is applied.
func overview(output string) error {
	canvas := vgsvg.New(overviewWidth, overviewHeight)
	c := draw.New(canvas)
	c.FillPolygon(color.White, rectangle(0, 0, overviewWidth, overviewHeight))
	all := steps()
	for i, b := range all {
		b.draw(c)
		if i > 0 {
			arrow(c, vg.Point{X: all[i-1].left + all[i-1].width, Y: middle}, vg.Point{X: b.left, Y: middle})
		}
	}
	first, last := all[2], all[6]
	brace(c, first.left, last.left+last.width, middle+boxHeight/2+0.35*vg.Centimeter)
	center := (first.left + last.left + last.width) / 2
	label(c, center, middle+boxHeight/2+1.0*vg.Centimeter, large, "one component after the other: server-side apply, then wait until it is ready")
	back(c, all[7].left+all[7].width/2, all[1].left+all[1].width/2, middle-boxHeight/2)
	center = (all[1].left + all[7].left + all[7].width) / 2
	label(c, center, 1.75*vg.Centimeter, large, "a change of spec, or of an object: the same way again, and nothing while nothing differs")
	label(c, center, 0.75*vg.Centimeter, small,
		"upgrade: the same order, one minor version at a time, with preview, approval and rollback if you ask for it · removal: the reverse order")
	return save(canvas, output)
}

func save(canvas *vgsvg.Canvas, output string) error {
	file, err := os.Create(output)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

func (b box) draw(c draw.Canvas) {
	outline := rectangle(b.left, middle-boxHeight/2, b.left+b.width, middle+boxHeight/2)
	c.FillPolygon(b.fill, outline)
	c.StrokeLines(line(), append(outline, outline[0]))
	label(c, b.left+b.width/2, middle+0.28*vg.Centimeter, large, b.name)
	label(c, b.left+b.width/2, middle-0.32*vg.Centimeter, small, b.about)
}

func line() draw.LineStyle { return draw.LineStyle{Color: ink, Width: 1} }

func rectangle(left, bottom, right, top vg.Length) []vg.Point {
	return []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
}

// label writes text around a point.
func label(c draw.Canvas, x, y, size vg.Length, words string) {
	style := draw.TextStyle{
		Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: text.Plain{Fonts: font.DefaultCache},
	}
	c.FillText(style, vg.Point{X: x, Y: y}, words)
}

// arrow draws a line with a head, to the right or upwards.
func arrow(c draw.Canvas, from, to vg.Point) {
	const length, half = 5, 3
	c.StrokeLine2(line(), from.X, from.Y, to.X, to.Y)
	head := []vg.Point{to, {X: to.X - length, Y: to.Y + half}, {X: to.X - length, Y: to.Y - half}}
	if from.X == to.X {
		head = []vg.Point{to, {X: to.X - half, Y: to.Y - length}, {X: to.X + half, Y: to.Y - length}}
	}
	c.FillPolygon(ink, head)
}

// brace draws a line over the boxes that belong together.
func brace(c draw.Canvas, left, right, y vg.Length) {
	const tick = 5
	c.StrokeLines(line(), []vg.Point{{X: left, Y: y - tick}, {X: left, Y: y}, {X: right, Y: y}, {X: right, Y: y - tick}})
}

// back draws the way from the last box to an earlier one, below the boxes.
func back(c draw.Canvas, from, to, y vg.Length) {
	const depth = 0.8 * vg.Centimeter
	c.StrokeLines(line(), []vg.Point{{X: from, Y: y}, {X: from, Y: y - depth}, {X: to, Y: y - depth}})
	arrow(c, vg.Point{X: to, Y: y - depth}, vg.Point{X: to, Y: y})
}
