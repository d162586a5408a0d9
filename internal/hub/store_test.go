package hub

import (
	"errors"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// A hub that comes back on another store does not know of leases. Who holds one hears of
// it at once, who wants one waits for as long as holders that are cut off may go on, and
// rows that are loaded into it are taken.
func TestAnotherStore(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	h := connect(t, s.URL())
	var clock hand
	const ttl = time.Hour // nothing is renewed by itself
	r := row(1)
	load(t, h, r, LoadOptions{}, Added)
	q, err := h.Queue(t.Context(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	a, b := h.NewTaker("a", ttl, clock.now), h.NewTaker("b", ttl, clock.now)
	if wait, err := b.otherStore(t.Context()); wait != 0 || err != nil {
		t.Fatal(wait, err)
	}
	held, err := a.Take(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	addr := s.Addr()
	s.Close()
	load(t, connect(t, serve(t, t.TempDir(), addr).URL()), r, LoadOptions{}, Added)
	<-held.Over()
	if held.Check() == nil {
		t.Error("it goes on with a lease that the hub does not know")
	}
	later := new(HeldError)
	if _, err := b.Take(t.Context(), &r); !errors.As(err, &later) || later.Wait != lease.TakeOver(ttl) {
		t.Fatal(err)
	}
	clock.advance(lease.TakeOver(ttl))
	second, err := b.Take(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	second.Close(t.Context())
	if _, err := q.next(t.Context(), time.Minute); err == nil || errors.Is(err, errEmpty) {
		t.Fatal("it waits for a hub that does not know of it:", err)
	}
	w := &Worker{Hub: h, queue: q}
	w.rejoin(t.Context())
	if task, err := q.next(t.Context(), time.Minute); err != nil || task.Row.ID != r.ID {
		t.Fatal(err)
	}
}

// What is loaded again stands in the queue as it was loaded last, whatever is left there
// from before and whoever is about to take that out.
func TestLoadedAgainStaysInTheQueue(t *testing.T) {
	t.Parallel()
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	q, err := h.Queue(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	w := &Worker{Hub: h, queue: q, TTL: time.Minute}
	was, other := row(1), row(1)
	other.Options, other.Args = "p", []string{"--other"}
	for i, c := range []struct {
		row  Row
		o    LoadOptions
		over bool // it is over before, else it was lost on its way into the queue
	}{{was, LoadOptions{Fresh: true}, true}, {other, LoadOptions{}, true}, {other, LoadOptions{}, false}} {
		was.ID, c.row.ID = Digest("again", string(rune('a'+i))), Digest("again", string(rune('a'+i)))
		load(t, h, was, LoadOptions{}, Added)
		old, err := q.next(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if c.over {
			s, rev, err := h.state(t.Context(), was.ID)
			if s.Phase = Done; err == nil {
				_, err = h.putState(t.Context(), was.ID, s, rev)
			}
			if err != nil {
				t.Fatal(err)
			}
		} else {
			old.finish(t.Context())
		}
		load(t, h, c.row, c.o, Again)
		if c.row.Options != was.Options && !w.handle(t.Context(), old, nil) {
			t.Error("a row of earlier options is run")
		}
		old.finish(t.Context())
		if now, err := q.next(t.Context(), time.Second); err != nil || now.Row.Options != c.row.Options || len(now.Row.Args) != len(c.row.Args) {
			t.Errorf("%d: %v %+v", i, err, now)
		}
	}
}
