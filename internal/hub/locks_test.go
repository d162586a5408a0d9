package hub

import (
	"context"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// byHand is a worker that does one row after the other when it is told to.
func byHand(t *testing.T, h *Hub, r interface {
	Runner
	Rates
}, ttl time.Duration,
) (w *Worker, next func() *Task) {
	t.Helper()
	w = &Worker{Hub: h, ID: "w", TTL: ttl, Runner: r, Rates: r, Say: func(string) {}, unnoticed: func(context.Context) {}}
	w.taker, w.gov = h.NewTaker(w.ID, ttl, nil), h.NewGovernor(w.ID, ttl, r, nil)
	var err error
	if w.queue, err = h.Queue(t.Context(), ttl); err != nil {
		t.Fatal(err)
	}
	return w, func() *Task {
		t.Helper()
		task, err := w.queue.next(t.Context(), opTime)
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
}

// owner is a runner that knows what a row changes, whatever the row says.
type owner struct {
	nothing
	locks []string
	ran   int
}

func (o *owner) Reserve(*Row) (Need, func(), error) {
	return Need{Connections: [2]int{1, 1}, Locks: o.locks}, func() {}, nil
}

func (o *owner) Run(context.Context, *Job, <-chan struct{}) Outcome {
	o.ran++
	return Outcome{}
}

// TestRowsThatNameOtherLocks: whoever writes to the hub may have a row name the locks of
// other accounts; the worker takes those of the accounts that the row's options name.
func TestRowsThatNameOtherLocks(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	const ttl = time.Hour
	own, other := Digest("account", "one"), Digest("account", "another")
	r := row(1)
	r.Locks = []string{other}
	load(t, h, r, LoadOptions{}, Added)
	o := &owner{locks: []string{own}}
	w, next := byHand(t, h, o, ttl)
	task := next()
	held := row(2)
	for n, locks := range [][]string{{own}, {other}} {
		held.Locks = locks
		hold, err := h.NewTaker("another", ttl, nil).Take(t.Context(), &held)
		if err != nil {
			t.Fatal(err)
		}
		if w.handle(t.Context(), task, nil) || o.ran > 0 {
			t.Errorf("lock %d is another's, and the row was run", n)
		}
		hold.Close(t.Context())
	}
	if w.handle(t.Context(), task, nil); o.ran != 1 {
		t.Error("nobody has the locks, and the row was not run")
	}
}

// ending is a runner whose runs end as they are told to.
type ending struct {
	nothing
	code int
	lose bool
}

func (e *ending) Run(_ context.Context, j *Job, _ <-chan struct{}) Outcome {
	if e.lose {
		j.Hold.Lose("the test wants it so")
	}
	return Outcome{Code: e.code}
}

// TestConnectionsClosedWithoutAWord: where a run may have closed connections without a
// LOGOUT, they are not given to others in the same moment, since the server still counts
// them.
func TestConnectionsClosedWithoutAWord(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	e := new(ending)
	w, next := byHand(t, h, e, time.Hour)
	counted := func() (n int) {
		if err := h.Hosts(t.Context(), func(u HostUse) {
			if u.Host == "b:0" {
				n = u.Connections
			}
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waits := 0
	w.unnoticed = func(context.Context) {
		waits++
		if n := counted(); n != 1 {
			t.Errorf("%d connections are counted while the server may still see one", n)
		}
	}
	for n, c := range []struct {
		code  int
		lose  bool
		waits int
	}{
		{event.ExitOK, false, 0}, {event.ExitErrors, false, 1}, {event.ExitBySignal, false, 1}, {event.ExitLeaseOver, true, 1}, {event.ExitOK, true, 1},
	} {
		load(t, h, row(n), LoadOptions{}, Added)
		e.code, e.lose, waits = c.code, c.lose, 0
		task := next()
		w.handle(t.Context(), task, nil)
		if waits != c.waits || counted() != 0 {
			t.Errorf("%+v: %d waits, %d connections counted at the end", c, waits, counted())
		}
		_ = task.msg.Term() // it does not come again
	}
}
