package live_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
)

// Whatever goes on for long, what is shown changes within two seconds on a terminal, and
// a line that says something new comes within the silence that is promised elsewhere.
func TestNothingStandsStill(t *testing.T) {
	const pulse = 500 * time.Millisecond
	tests := []struct {
		name  string
		begin []event.Event
		// pulse are the events of the n-th half second.
		pulse func(n int64) []event.Event
		lasts time.Duration
		shows string
	}{
		{"listing a million messages", nil, func(n int64) []event.Event {
			return []event.Event{event.Underway{Listed: [3]int64{0, 5000 * n, 0}, Line: [3]int64{0, 300_000 * n, 100 * n}}}
		}, 100 * time.Second, "listing: "},
		{"one message of 400 MB that leaves as it comes, at 300 kB/s", []event.Event{event.Underway{Left: 1}}, func(n int64) []event.Event {
			return []event.Event{event.Underway{Left: 150_000 * n, Line: [3]int64{0, 150_000 * n, 150_000 * n}, Pending: 1}}
		}, 22 * time.Minute, " of 381 MiB"},
		{"a message that comes before it leaves, at 30 kB/s", nil, func(n int64) []event.Event {
			return []event.Event{event.Underway{Line: [3]int64{0, 15_000 * n, 0}, Pending: 1}}
		}, 30 * time.Second, "host1 sends "},
		{"sleeping", []event.Event{event.Throttled{Side: 2, For: 10 * time.Minute, Why: "host2 asks for it: [THROTTLED]"}}, nil, 10 * time.Minute, "waits "},
		{"a short sleep again and again", nil, func(n int64) []event.Event {
			return []event.Event{event.Waiting{Side: 1, For: 400 * time.Millisecond, Why: "--maxmessagespersecond"}}
		}, time.Minute, "so far"},
		{"a dead line", nil, nil, 3 * time.Minute, "nothing came or went for "},
	}
	for _, tt := range tests {
		for _, longest := range []time.Duration{2 * time.Second, 10 * time.Second} {
			t.Run(tt.name+" "+longest.String(), func(t *testing.T) {
				s := newStage()
				s.begin(1_000_000, 400e6)
				s.tell(tt.begin...)
				b := live.Beat{Longest: longest, Tick: pulse}
				printed, changed := s.now, s.now
				var lines, line string
				shown := false
				for n := int64(1); time.Duration(n)*pulse < tt.lasts; n++ {
					if tt.pulse != nil {
						s.tell(tt.pulse(n)...)
					}
					s.pass(pulse)
					v := s.view()
					shown = shown || strings.Contains(v.Line(), tt.shows)
					if now := strings.Join(ofWidth(v, 120), "\n"); now != lines {
						lines, changed = now, s.now
					}
					if s.now.Sub(changed) > 2*time.Second {
						t.Fatalf("the standing lines do not change for %v: %s", s.now.Sub(changed), lines)
					}
					if b.Due(s.now, printed) {
						if v.Line() == line {
							t.Fatalf("the same line again: %s", line)
						}
						line, printed = v.Line(), s.now
					}
					if s.now.Sub(printed) > longest {
						t.Fatalf("nothing was printed for %v", s.now.Sub(printed))
					}
				}
				if !shown {
					t.Errorf("%q was never shown: %s", tt.shows, line)
				}
			})
		}
	}
}

func ofWidth(v live.View, width int) []string {
	lines := v.Lines(width, false)
	return lines[:]
}
