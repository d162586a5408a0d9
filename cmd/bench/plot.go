package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
)

// plot draws time against round-trip time, both axes as they fall: the time on
// a logarithmic scale, since the programs lie a thousandfold apart.
func plot(results []*result) []byte {
	type point struct {
		rtt, seconds float64
		label        string
	}
	curves := make(map[string][]point)
	var names []string
	most, least, far := 1.0, 1.0, 1.0
	for _, r := range results {
		if !r.row.curve {
			continue
		}
		for _, name := range r.order {
			if isFloor(name) {
				continue
			}
			s := r.of(name).wall.Seconds()
			label := seconds(s)
			if e, ok := r.estimates[name]; ok {
				s = e.whole(r.box.messages())
				label = "~" + seconds(s)
			}
			if curves[name] == nil {
				names = append(names, name)
			}
			at := float64(r.row.rtt.Milliseconds())
			curves[name] = append(curves[name], point{at, s, label})
			most, least, far = max(most, s), min(least, s), max(far, at)
		}
	}
	const left, top, width, height = 70.0, 40.0, 560.0, 320.0
	low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	x := func(rtt float64) float64 { return left + width*rtt/far }
	y := func(s float64) float64 { return top + height*(high-math.Log10(s))/(high-low) }
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 420" font-family="sans-serif" font-size="13">`+"\n")
	fmt.Fprintf(&b, `<rect width="800" height="420" fill="#fff"/><text x="%g" y="22" font-size="15">5,000 messages of 4 KiB in 10 folders: seconds against round-trip time</text>`+"\n", left)
	for e := low; e <= high; e++ {
		s := math.Pow(10, e)
		fmt.Fprintf(&b, `<path d="M%.1f %.1fh%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g s</text>`+"\n", left, y(s), width, left-8, y(s)+4, s)
	}
	for rtt := 0.0; rtt <= far; rtt += 20 {
		fmt.Fprintf(&b, `<path d="M%.1f %.1fv%.1f" stroke="#eee"/><text x="%.1f" y="%.1f" text-anchor="middle">%g ms</text>`+"\n", x(rtt), top, height, x(rtt), top+height+20, rtt)
	}
	colours := []string{"#0b6e4f", "#c1440e", "#33508c", "#8c6d1f", "#7a3b69"}
	for i, name := range names {
		points := curves[name]
		slices.SortFunc(points, func(a, b point) int { return int(a.rtt - b.rtt) })
		colour := colours[i%len(colours)]
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2.5" points="`, colour)
		for _, p := range points {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(p.rtt), y(p.seconds))
		}
		b.WriteString(`"/>` + "\n")
		for _, p := range points {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s, RTT %g ms: %s</title></circle>`+"\n", x(p.rtt), y(p.seconds), colour, html.EscapeString(name), p.rtt, p.label)
		}
		last := points[len(points)-1]
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" fill="%s">%s, %s</text>`+"\n", x(last.rtt)+8, y(last.seconds)+4, colour, html.EscapeString(name), last.label)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
