package htmlreport

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/units"
)

// Chart is throughput and waits over time. It has a bounded number of steps: a long run
// has wider ones.
type Chart struct {
	Start time.Time
	// Step is the width of a step; Bytes and Waited are what was copied and waited in
	// each.
	Step   time.Duration
	Bytes  []int64
	Waited []time.Duration
	// Waits are the longest pauses, for people.
	Waits      []string
	WaitsTotal time.Duration
}

// maxSteps is how many steps a chart has; more are put together in pairs.
const maxSteps = 240

func newChart(start time.Time) *Chart { return &Chart{Start: start, Step: time.Second} }

// at makes room for a moment and returns its step.
func (c *Chart) at(now time.Time) int {
	i := int(max(0, now.Sub(c.Start)/c.Step))
	for i >= maxSteps {
		c.halve()
		i = int(max(0, now.Sub(c.Start)/c.Step))
	}
	for len(c.Bytes) <= i {
		c.Bytes, c.Waited = append(c.Bytes, 0), append(c.Waited, 0)
	}
	return i
}

func (c *Chart) halve() {
	c.Step *= 2
	n := 0
	for i := 0; i < len(c.Bytes); i += 2 {
		b, w := c.Bytes[i], c.Waited[i]
		if i+1 < len(c.Bytes) {
			b, w = b+c.Bytes[i+1], w+c.Waited[i+1]
		}
		c.Bytes[n], c.Waited[n] = b, w
		n++
	}
	c.Bytes, c.Waited = c.Bytes[:n], c.Waited[:n]
}

func (c *Chart) copied(now time.Time, bytes int64) { c.Bytes[c.at(now)] += bytes }

// maxWaits bounds the pauses that are named.
const maxWaits = 20

// wait adds a pause that begins now.
func (c *Chart) wait(now time.Time, d time.Duration, why string) {
	if d <= 0 {
		return
	}
	c.Waited[c.at(now)] += d
	c.WaitsTotal += d
	if len(c.Waits) < maxWaits && d >= time.Second {
		c.Waits = append(c.Waits, fmt.Sprintf("%s: %s, %s", now.Format(time.TimeOnly), d.Round(100*time.Millisecond), why))
	}
}

// chartView is a chart as the template draws it, in a box of 720 by 160.
type chartView struct {
	Line, Area string
	Bars       []bar
	Summary    string
	Top, End   string
	Waits      []string
}

type bar struct{ X, Width, Height, Y string }

const (
	chartWidth, chartHeight = 720, 150
)

func (c *Chart) view() *chartView {
	if c == nil || len(c.Bytes) < 2 {
		return nil
	}
	peak, sum := int64(0), int64(0)
	for _, b := range c.Bytes {
		peak, sum = max(peak, b), sum+b
	}
	if peak == 0 && c.WaitsTotal == 0 {
		return nil
	}
	v := &chartView{Waits: shownAll(c.Waits, maxWaits)}
	seconds := c.Step.Seconds()
	spent := float64(len(c.Bytes)) * seconds
	v.Top = units.Bytes(int64(float64(peak)/seconds)) + "/s"
	v.End = time.Duration(spent * float64(time.Second)).Round(time.Second).String()
	v.Summary = fmt.Sprintf("%s copied in %s: %s a second on average, %s at most; %s waited.",
		units.Bytes(sum), v.End, units.Bytes(int64(float64(sum)/spent)), units.Bytes(int64(float64(peak)/seconds)), c.WaitsTotal.Round(time.Second))
	var line strings.Builder
	step := float64(chartWidth) / float64(len(c.Bytes)-1)
	for i, b := range c.Bytes {
		y := float64(chartHeight) * (1 - float64(b)/float64(max(peak, 1)))
		fmt.Fprintf(&line, "%.1f,%.1f ", float64(i)*step, y)
		if w := c.Waited[i]; w > 0 {
			h := min(1, w.Seconds()/seconds) * 30
			v.Bars = append(v.Bars, bar{fmt.Sprintf("%.1f", float64(i)*step), fmt.Sprintf("%.1f", max(step, 1)), fmt.Sprintf("%.1f", max(h, 2)), fmt.Sprintf("%.1f", chartHeight-max(h, 2))})
		}
	}
	v.Line = strings.TrimSpace(line.String())
	v.Area = fmt.Sprintf("0,%d %s %d,%d", chartHeight, v.Line, chartWidth, chartHeight)
	return v
}
