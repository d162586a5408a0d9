package signals

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestSignalPolicy(t *testing.T) {
	type step struct {
		name  string
		after time.Duration // since the signal before
		what  string
	}
	def := plan.Run{SigExit: []string{"QUIT", "TERM"}, SigReconnect: []string{"INT"}}
	for _, tc := range []struct {
		name          string
		run           plan.Run
		steps         []step
		finished, cut int
		ended         string
	}{
		{"one Ctrl-C", def, []step{{"INT", 0, "stop"}}, 1, 0, "INT"},
		{"two", def, []step{{"INT", 0, "stop"}, {"INT", TwinWithin, "stop now"}}, 1, 1, "INT"},
		{"two, far apart", def, []step{{"INT", 0, "stop"}, {"INT", time.Hour, "stop now"}}, 1, 1, "INT"},
		{"two that are one", def, []step{{"TERM", 0, "stop"}, {"TERM", TwinWithin - 1, ""}}, 1, 0, "TERM"},
		{"many that are one, then another", def, []step{{"TERM", 0, "stop"}, {"TERM", 0, ""}, {"TERM", 150 * time.Millisecond, ""}, {"TERM", 50 * time.Millisecond, "stop now"}}, 1, 1, "TERM"},
		{"two different ones at once", def, []step{{"TERM", 0, "stop"}, {"INT", 0, "stop now"}}, 1, 1, "INT"},
		{"hang-ups within a moment are all told", def, []step{{"HUP", 0, "print"}, {"HUP", 1, "print"}}, 0, 0, ""},
		{"Ctrl-C, then TERM", def, []step{{"INT", 0, "stop"}, {"TERM", time.Second, "stop now"}}, 1, 1, "TERM"},
		{"hang-up is only told", def, []step{{"HUP", 0, "print"}, {"HUP", 0, "print"}, {"USR1", 0, "print"}}, 0, 0, ""},
		{"ignored", plan.Run{SigExit: []string{"TERM"}, SigIgnore: []string{"TERM"}}, []step{{"TERM", 0, "ignore"}, {"TERM", 0, "ignore"}}, 0, 0, ""},
		{"hang-up ends", plan.Run{SigExit: []string{"HUP"}}, []step{{"HUP", 0, "stop"}}, 1, 0, "HUP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var finished, cut int
			var events []event.SignalReceived
			p := &Policy{Run: tc.run, Finish: func() { finished++ }, Now: func() { cut++ },
				Emit: func(e event.SignalReceived) { events = append(events, e) }}
			at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
			counts := map[string]int{}
			told := 0
			for i, s := range tc.steps {
				at = at.Add(s.after)
				p.received(s.name, at)
				if s.what == "" { // one with the one before
					if len(events) != told {
						t.Errorf("step %d: %+v", i, events[told:])
					}
					continue
				}
				counts[s.name]++
				if told++; len(events) != told {
					t.Fatalf("step %d: %d events", i, len(events))
				}
				if e := events[told-1]; e.Signal != s.name || e.What != s.what || e.Count != counts[s.name] {
					t.Errorf("step %d: %+v, want %s %d", i, e, s.what, counts[s.name])
				}
			}
			if finished != tc.finished || cut != tc.cut || p.Ended() != tc.ended {
				t.Errorf("finish %d, now %d, ended by %q; want %d, %d, %q", finished, cut, p.Ended(), tc.finished, tc.cut, tc.ended)
			}
		})
	}
}

// --debugsig says what each signal would do, and why it was done.
func TestSignalsExplained(t *testing.T) {
	var lines []string
	p := &Policy{
		Run:    plan.Run{SigExit: []string{"TERM"}, SigReconnect: []string{"INT"}, SigIgnore: []string{"HUP"}},
		Finish: func() {}, Now: func() {}, Emit: func(event.SignalReceived) {},
		Debug: func(line string) { lines = append(lines, line) },
	}
	outlook := strings.Join(p.Outlook(4711), "\n")
	for _, want := range []string{"kill -INT 4711: what is under way is finished", "kill -TERM 4711: what is under way is finished"} {
		if !strings.Contains(outlook, want) {
			t.Errorf("%q is not in\n%s", want, outlook)
		}
	}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	p.received("HUP", at)
	p.received("INT", at)
	p.received("TERM", at.Add(1500*time.Millisecond))
	want := []string{
		"HUP came, number 1 of its kind: it is ignored, by --sigignore",
		"INT came, number 1 of its kind: what is under way is finished, then the run ends",
		"TERM came, number 1 of its kind: the run ends at once (INT came 1.5 s before)",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
}

func TestExitBy(t *testing.T) {
	for name, want := range map[string]int{"INT": 130, "QUIT": 131, "TERM": 143} {
		sig, ok := ByName[name]
		if !ok {
			continue // not every system has them all
		}
		if got := ExitBy(sig, event.ExitBySignal); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
