package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
)

func TestRestsGrow(t *testing.T) {
	for _, tc := range []struct {
		n           int
		asked, want time.Duration
	}{
		{1, 0, time.Second},
		{2, 0, 2 * time.Second},
		{5, 0, 16 * time.Second},
		{9, 0, 256 * time.Second},
		{10, 0, longestPause},
		{1000, 0, longestPause},
		{1, 299187 * time.Millisecond, 299187 * time.Millisecond},
		{10, 89 * time.Second, longestPause},
		{10, provider.MaxPause, provider.MaxPause},
	} {
		if got := restFor(tc.n, tc.asked); got != tc.want {
			t.Errorf("pause %d, asked for %v: %v, want %v", tc.n, tc.asked, got, tc.want)
		}
	}
}

// resting is a run whose servers are asked too much.
func resting(pause time.Duration) (*run, *[]event.Event) {
	var told []event.Event
	r := newRun(&plan.Plan{}, Options{
		Sink:  func(e event.Event) { told = append(told, e) },
		Pause: func(int) time.Duration { return pause },
	})
	r.src = &side{run: r, n: 1, family: folders.Gmail, profile: provider.Of("imap.gmail.com", "", nil, "")}
	r.dst = &side{run: r, n: 2, profile: provider.Unknown}
	return r, &told
}

func TestBackingOff(t *testing.T) {
	r, told := resting(time.Hour)
	g := r.calm
	if lanes, here, there := g.lanes(8), g.commands(r.src, 12), g.commands(r.dst, 12); lanes != 8 || here != 4 || there != 12 {
		t.Errorf("%d lanes, %d and %d commands before", lanes, here, there)
	}
	if err := g.wait(t.Context()); err != nil {
		t.Error(err)
	}
	for _, reply := range []imapconn.Response{
		{Command: "LOGIN", Status: "NO", Code: "ALERT", Text: "Too many simultaneous connections. (Failure)"},
		{Status: "BYE", Text: "Too many connections"},
		{Command: "APPEND", Status: "NO", Code: "OVERQUOTA", Text: "no room"},
		{Command: "SELECT", Status: "NO", Code: "UNAVAILABLE", Text: "Backend error"},
	} {
		g.hear(r.dst, &reply)
	}
	if len(*told) != 0 || g.lanes(8) != 8 {
		t.Errorf("it backs off from what is no load: %v", *told)
	}
	// Many commands are refused at once: that is one reason.
	for range 20 {
		g.hear(r.src, &imapconn.Response{Command: "UID FETCH", Status: "OK", Text: "Success [THROTTLED]"})
	}
	if len(*told) != 1 {
		t.Fatalf("%d events: %v", len(*told), *told)
	}
	if e, ok := (*told)[0].(event.Throttled); !ok || e.Side != 1 || e.For != time.Second {
		t.Errorf("%+v", (*told)[0])
	}
	if lanes, here, there := g.lanes(8), g.commands(r.src, 12), g.commands(r.dst, 12); lanes != 4 || here != 2 || there != 6 {
		t.Errorf("%d lanes, %d and %d commands afterwards", lanes, here, there)
	}
	// Both sides wait, and no longer than the run lasts.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	stop := make(chan struct{})
	close(stop)
	r.control = session.NewControl(session.Orders{Stop: stop})
	if err := g.wait(t.Context()); !isStopped(err) {
		t.Error(err)
	}
}

// TestQuietTriesMoreAgain: one halving less for each stretch of quiet, and never
// more than in the beginning.
func TestQuietTriesMoreAgain(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		halved        int
		paused, quiet time.Duration
		want          int
	}{
		{0, 0, time.Hour, 0},
		{3, time.Second, -time.Minute, 3},
		{3, time.Second, quietLeast - time.Second, 3},
		{3, time.Second, quietLeast + time.Second, 2},
		{3, time.Second, 2*quietLeast + time.Second, 1},
		{3, time.Second, 100 * time.Hour, 0},
		{2, time.Minute, quietPauses*time.Minute - time.Second, 2},
		{2, time.Minute, quietPauses*time.Minute + time.Second, 1},
	} {
		g := &calm{halved: tc.halved, paused: tc.paused, until: now.Add(-tc.quiet)}
		if got := g.halvedAt(now); got != tc.want {
			t.Errorf("halved %d times, %v after a pause of %v: %d, want %d", tc.halved, tc.quiet, tc.paused, got, tc.want)
		}
	}
	var fresh calm
	if got := fresh.halvedAt(now); got != 0 {
		t.Errorf("halved %d times before anything happened", got)
	}
}

// TestPausesEnd: a server that asks for one pause after the other, and takes
// nothing in between, ends the run; one that takes something does not.
func TestPausesEnd(t *testing.T) {
	throttle := imapconn.Response{Command: "APPEND", Status: "NO", Text: "Request is throttled. Suggested Backoff Time: 100 milliseconds"}
	r, told := resting(0)
	for range maxPauses {
		r.calm.hear(r.dst, &throttle)
	}
	if r.control.Cause() != "" || len(*told) != maxPauses {
		t.Errorf("stopped %q after %d events", r.control.Cause(), len(*told))
	}
	r.calm.hear(r.dst, &throttle)
	if r.control.Cause() != event.StopDay {
		t.Errorf("stopped %q", r.control.Cause())
	}
	r, _ = resting(0)
	for range 3 * maxPauses {
		r.transferred.Add(1)
		r.calm.hear(r.dst, &throttle)
	}
	if r.control.Cause() != "" {
		t.Errorf("stopped %q", r.control.Cause())
	}
	if n := r.calm.lanes(8); n != 1 {
		t.Errorf("%d lanes", n)
	}
}
