package session

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
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

// served is a run of two accounts, by side, as far as the governors see it.
type served struct {
	*Backoff
	side   [3]*Governor
	told   []event.Event
	copied atomic.Int64
}

// serve begins a run of two accounts.
func serve(src, dst *Governor, o Orders) *served {
	s := &served{side: [3]*Governor{1: src, 2: dst}}
	o.Sink = func(e event.Event) { s.told = append(s.told, e) }
	s.Backoff = NewBackoff(NewControl(o), s.copied.Load)
	s.Join(src)
	s.Join(dst)
	return s
}

// hear has the run read a reply of Gmail on side 1, or of an unknown server on side 2.
func (s *served) hear(n event.Side, reply imapconn.Response) {
	family := folders.Family("")
	if n == 1 {
		family = folders.Gmail
	}
	s.Observe(s.side[n], n, &reply, provider.Classify(family, provider.Reply{Command: reply.Command, Status: reply.Status, Code: reply.Code, Text: reply.Text}))
}

// throttle is a reply that asks for patience.
var throttle = imapconn.Response{Command: "APPEND", Status: "NO", Text: "Request is throttled. Suggested Backoff Time: 100 milliseconds"}

func pausing(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

func TestBackingOff(t *testing.T) {
	gmail, unknown := new(Governor), new(Governor)
	gmail.Learn(provider.Of("imap.gmail.com", "", nil, ""))
	unknown.Learn(provider.Unknown)
	stop := make(chan struct{})
	r := serve(gmail, unknown, Orders{Pause: pausing(time.Hour), Stop: stop})
	if lanes, here, there := r.Connections(8), r.Commands(gmail, 12), r.Commands(unknown, 12); lanes != 8 || here != 4 || there != 12 {
		t.Errorf("%d connections, %d and %d commands before", lanes, here, there)
	}
	if err := r.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	for _, reply := range []imapconn.Response{
		{Command: "LOGIN", Status: "NO", Code: "ALERT", Text: "Too many simultaneous connections. (Failure)"},
		{Status: "BYE", Text: "Too many connections"},
		{Command: "APPEND", Status: "NO", Code: "OVERQUOTA", Text: "no room"},
		{Command: "SELECT", Status: "NO", Code: "UNAVAILABLE", Text: "Backend error"},
	} {
		r.hear(2, reply)
	}
	if len(r.told) != 0 || r.Connections(8) != 8 {
		t.Errorf("it backs off from what is no load: %v", r.told)
	}
	// Many commands are refused at once: that is one reason.
	for range 20 {
		r.hear(1, imapconn.Response{Command: "UID FETCH", Status: "OK", Text: "Success [THROTTLED]"})
	}
	if len(r.told) != 1 {
		t.Fatalf("%d events: %v", len(r.told), r.told)
	}
	if e, ok := r.told[0].(event.Throttled); !ok || e.Side != 1 || e.For != time.Second {
		t.Errorf("%+v", r.told[0])
	}
	if lanes, here, there := r.Connections(8), r.Commands(gmail, 12), r.Commands(unknown, 12); lanes != 4 || here != 2 || there != 6 {
		t.Errorf("%d connections, %d and %d commands afterwards", lanes, here, there)
	}
	// Both sides wait, and no longer than the run lasts.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(stop)
	if err := r.Wait(t.Context()); !IsStopped(err) {
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
		g := &Governor{halved: tc.halved, paused: tc.paused, until: now.Add(-tc.quiet)}
		if got := g.halvedAt(now); got != tc.want {
			t.Errorf("halved %d times, %v after a pause of %v: %d, want %d", tc.halved, tc.quiet, tc.paused, got, tc.want)
		}
	}
	var fresh Governor
	if got := fresh.halvedAt(now); got != 0 {
		t.Errorf("halved %d times before anything happened", got)
	}
}

// TestPausesEnd: a server that asks for one pause after the other, and takes
// nothing in between, ends the run; one that takes something does not.
func TestPausesEnd(t *testing.T) {
	r := serve(new(Governor), new(Governor), Orders{Pause: pausing(0)})
	for range MaxPauses {
		r.hear(2, throttle)
	}
	if r.control.Cause() != "" || len(r.told) != MaxPauses {
		t.Errorf("stopped %q after %d events", r.control.Cause(), len(r.told))
	}
	r.hear(2, throttle)
	if r.control.Cause() != event.StopDay {
		t.Errorf("stopped %q", r.control.Cause())
	}
	r = serve(new(Governor), new(Governor), Orders{Pause: pausing(0)})
	for range 3 * MaxPauses {
		r.copied.Add(1)
		r.hear(2, throttle)
	}
	if r.control.Cause() != "" {
		t.Errorf("stopped %q", r.control.Cause())
	}
	if n := r.Connections(8); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestGovernorIsShared: two runs that use one account rest together, one that does not
// use it goes on; what either copies proves that the server takes something; and the
// connections of all count.
func TestGovernorIsShared(t *testing.T) {
	var all Governors
	shared := all.Of("Imap.Example.org", 0, "both")
	if all.Of("imap.example.org", 0, "both") != shared || all.Of("imap.example.org", 0, "another") == shared || all.Of("imap2.example.org", 0, "both") == shared {
		t.Fatal("a governor is not that of one account")
	}
	a := serve(all.Of("a.example.org", 0, "u"), shared, Orders{Pause: pausing(time.Hour)})
	b := serve(all.Of("b.example.org", 0, "u"), shared, Orders{Pause: pausing(time.Hour)})
	c := serve(all.Of("c.example.org", 0, "u"), all.Of("d.example.org", 0, "u"), Orders{})
	a.hear(2, throttle)
	if a.left() <= 0 || b.left() <= 0 || c.left() > 0 {
		t.Errorf("the rests last %v and %v, and %v elsewhere", a.left(), b.left(), c.left())
	}
	if a.Connections(8) != 4 || b.Connections(8) != 4 || c.Connections(8) != 8 {
		t.Errorf("%d, %d and %d connections", a.Connections(8), b.Connections(8), c.Connections(8))
	}
	b.hear(2, throttle)
	if len(a.told) != 1 || len(b.told) != 0 {
		t.Errorf("one reason to rest was told %d and %d times", len(a.told), len(b.told))
	}

	shared = all.Of("imap3.example.org", 0, "progress") // which does not rest
	a, b = serve(new(Governor), shared, Orders{Pause: pausing(0)}), serve(new(Governor), shared, Orders{Pause: pausing(0)})
	for range 3 * MaxPauses {
		b.copied.Add(1)
		a.hear(2, throttle)
	}
	if a.control.Cause() != "" {
		t.Errorf("stopped for %q although the other run copies", a.control.Cause())
	}
	b.Leave()
	for range MaxPauses + 1 {
		a.hear(2, throttle)
	}
	if a.control.Cause() != event.StopDay {
		t.Errorf("stopped for %q although nobody copies", a.control.Cause())
	}
	// A later run does not pay for it.
	a.Leave()
	a = serve(new(Governor), shared, Orders{Pause: pausing(0)})
	if a.hear(2, throttle); a.control.Cause() != "" {
		t.Errorf("a later run stopped for %q", a.control.Cause())
	}

	shared.Learn(provider.Profile{Connections: 3})
	for n := range 3 {
		if !shared.Room() {
			t.Errorf("no room with %d connections of 3", n)
		}
		shared.Opened()
	}
	if shared.Room() {
		t.Error("room for a fourth connection of 3")
	}
	if shared.Closed(); !shared.Room() {
		t.Error("no room after one was closed")
	}
}
