package session

import (
	"testing"
	"time"
)

func TestDeflatePays(t *testing.T) {
	const far = 40 * time.Millisecond
	for _, tc := range []struct {
		name    string
		rate    float64
		streams int
		trip    time.Duration
		left    int64
		want    bool
	}{
		{"a slow line", 1e6, 1, far, 40e6, true},
		{"nothing is known", 0, 1, far, 40e6, false},
		{"just slow enough", slowLine, 1, far, 1e9, true},
		{"too fast", slowLine + 1, 1, far, 1e9, false},
		{"several connections share the line", 1e6, 5, far, 1e9, false},
		{"fewer connections share the line", 1e6, 4, far, 1e9, true},
		{"next door", 1e6, 1, nextDoor - 1, 1e9, false},
		{"a round trip that nobody measured", 1e6, 1, 0, 1e9, false},
		{"nothing is left", 1e6, 1, far, 0, false},
		{"too little is left", 1e6, 1, far, 600e3, false},
		{"enough is left", 1e6, 1, far, 700e3, true},
		{"a satellite: the switch costs more", 1e6, 1, 600 * time.Millisecond, 9e6, false},
		{"a modem", 5e3, 1, 200 * time.Millisecond, 100e3, true},
	} {
		if got := deflatePays(tc.rate, tc.streams, tc.trip, tc.left); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// step is what a gauge saw at once.
type step struct {
	bytes  int64
	waited time.Duration
}

func TestLineMeterJudgesWholeSpans(t *testing.T) {
	const ms = time.Millisecond
	again := func(n int, s step) (out []step) {
		for range n {
			out = append(out, s)
		}
		return out
	}
	for _, tc := range []struct {
		name  string
		trip  time.Duration
		steps []step
		want  float64
	}{
		{"nothing", 40 * ms, nil, 0},
		{"one span is not enough", 3 * ms, again(11, step{100e3, 100 * ms}), 0},
		{"two are", 3 * ms, again(12, step{100e3, 100 * ms}), 1e6},
		{"one span of a line that is far away is not enough", 40 * ms, again(3, step{100e3, 100 * ms}), 0},
		{"two shorter ones are", 40 * ms, again(4, step{100e3, 100 * ms}), 1e6},
		{"long round trips take longer", 500 * ms, again(29, step{100e3, 100 * ms}), 0},
		{"and come to an end", 500 * ms, again(30, step{100e3, 100 * ms}), 1e6},
		{"waiting without bytes is no span", 40 * ms, again(100, step{0, 100 * ms}), 0},
		// Slow start: what a connection that still adds to its rate has seen so far says
		// nothing.
		{"slow start", 200 * ms, []step{
			{15e3, 200 * ms}, {30e3, 200 * ms}, {60e3, 200 * ms}, {120e3, 200 * ms}, {240e3, 200 * ms}, {480e3, 200 * ms},
			{960e3, 200 * ms}, {1920e3, 200 * ms},
		}, 0},
		{"slow start that adds half", 100 * ms, []step{
			{15e3, 100 * ms}, {22e3, 100 * ms}, {34e3, 100 * ms}, {51e3, 100 * ms}, {76e3, 100 * ms}, {115e3, 100 * ms},
			{172e3, 100 * ms}, {258e3, 100 * ms}, {387e3, 100 * ms}, {580e3, 100 * ms},
		}, 0},
		{"slow start on a slow line", 100 * ms, append([]step{{15e3, 100 * ms}, {30e3, 100 * ms}, {60e3, 100 * ms}}, again(9, step{100e3, 100 * ms})...), 1e6},
		// While the other host holds things up hardly anything is waited for.
		{"not the line", 40 * ms, again(1000, step{100e3, ms / 10}), 1e9},
		// What was so does not hide what is.
		{"a line that became slow", 40 * ms, append(again(1000, step{100e3, ms}), again(6, step{100e3, 100 * ms})...), 1e6},
		{"a pause is no slow line", 40 * ms, append(again(100, step{1e6, ms}), step{130e3, 200 * ms}), 1e9},
	} {
		var m lineMeter
		for _, s := range tc.steps {
			m.add(s.bytes, s.waited, tc.trip)
		}
		if got := m.rate(); got < tc.want*0.95 || got > tc.want*1.05 {
			t.Errorf("%s: %.0f bytes a second, want %.0f", tc.name, got, tc.want)
		}
	}
}

// What may be under way never holds back a connection in TCP's slow start, and
// on a slow line it is not more than that carries in a second.
func TestAheadOfALine(t *testing.T) {
	const trip = 100 * time.Millisecond
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var m lineMeter
	if got := m.ahead(); got != leastAhead {
		t.Errorf("%d bytes ahead at the beginning", got)
	}
	window := int64(14 << 10)
	for window < AheadBytes {
		m.passed(window, now, trip)
		window *= 2
		now = now.Add(trip)
		if got := m.ahead(); got < min(window-14<<10, AheadBytes) {
			t.Errorf("%d bytes ahead, when TCP has %d under way", got, window)
		}
	}
	m = lineMeter{}
	for range 100 {
		m.passed(100e3, now, trip)
		now = now.Add(100 * time.Millisecond)
		if got := m.ahead(); got > 1.11e6 {
			t.Fatalf("%d bytes ahead on a line of 1 MB/s", got)
		}
	}
	if got := m.ahead(); got < 0.9e6 {
		t.Errorf("%d bytes ahead on a line of 1 MB/s", got)
	}
	m.passed(0, now.Add(time.Minute), trip)
	if got := m.ahead(); got != leastAhead {
		t.Errorf("%d bytes ahead after a minute of silence", got)
	}
}
