package hub

import (
	"context"
	"testing"
	"time"
)

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
	w := &Worker{Hub: h, ID: "w", TTL: ttl, Runner: o, Rates: o, Say: func(string) {}}
	w.taker, w.gov = h.NewTaker(w.ID, ttl, nil), h.NewGovernor(w.ID, ttl, o, nil)
	var err error
	if w.queue, err = h.Queue(t.Context(), ttl); err != nil {
		t.Fatal(err)
	}
	task, err := w.queue.next(t.Context(), opTime)
	if err != nil {
		t.Fatal(err)
	}
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
