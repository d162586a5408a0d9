package lease

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// hand is a clock that is set by hand.
type hand struct{ at atomic.Int64 }

func (h *hand) now() time.Duration      { return time.Duration(h.at.Load()) }
func (h *hand) advance(d time.Duration) { h.at.Add(int64(d)) }
func valid(t *testing.T, l *Lease, w bool) {
	t.Helper()
	if err := l.Check(); (err == nil) != w || err != nil && !errors.Is(err, ErrOver) {
		t.Fatalf("%v, valid should be %v", err, w)
	}
}

func TestEndsTwoThirdsAfterTheRenewalWasSent(t *testing.T) {
	var h hand
	h.advance(time.Hour)
	sent := h.now()
	h.advance(5 * time.Second) // the answer took so long
	l := New(30*time.Second, sent, h.now)
	if left := l.Left(); left != 15*time.Second {
		t.Fatal(left)
	}
	h.advance(15*time.Second - 1)
	valid(t, l, true)
	sent = h.now()
	h.advance(0)
	l.Renewed(sent)
	h.advance(20*time.Second - 1)
	valid(t, l, true)
	l.Renewed(sent - time.Minute) // an old answer takes nothing away
	valid(t, l, true)
	h.advance(1)
	valid(t, l, false)
	l.Renewed(h.now()) // over once, over for ever
	valid(t, l, false)
	select {
	case <-l.Over():
	default:
		t.Fatal("nobody is told")
	}
}

func TestARenewalThatComesTooLateIsOfNoEffect(t *testing.T) {
	var h hand
	l := New(9*time.Second, 0, h.now)
	h.advance(time.Second)
	sent := h.now()
	h.advance(6 * time.Second) // stopped between sending and the answer
	l.Renewed(sent)
	valid(t, l, false)
}

func TestLostAtOnce(t *testing.T) {
	var h hand
	l := New(time.Minute, 0, h.now)
	l.Lose("another holds it")
	valid(t, l, false)
	if l.Left() != 0 {
		t.Error(l.Left())
	}
}

func TestTakeOverComesAfterEverythingTheHolderMayDo(t *testing.T) {
	for _, ttl := range []time.Duration{time.Second, 7 * time.Second, 30 * time.Second, time.Hour} {
		if held(ttl)+UserTimeout(ttl) > ttl || TakeOver(ttl) < held(ttl)+UserTimeout(ttl) || RenewEvery(ttl)*2 >= held(ttl) {
			t.Error(ttl)
		}
	}
}

func TestSetNeedsEveryLease(t *testing.T) {
	var h hand
	var s Set
	if s.Check() != nil {
		t.Fatal("none is needed")
	}
	s.Add(nil)
	a, b := New(time.Minute, 0, h.now), New(time.Hour, 0, h.now)
	s.Add(a)
	s.Add(b)
	got := make(chan error, 1)
	go func() { got <- s.Watch(context.Background()) }()
	h.advance(40 * time.Second)
	if !errors.Is(s.Check(), ErrOver) || b.Check() != nil {
		t.Fatal("one of two is over")
	}
	if err := <-got; !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
}

func TestWatchHearsOfALeaseThatIsAddedLater(t *testing.T) {
	var s Set
	got := make(chan error, 1)
	go func() { got <- s.Watch(context.Background()) }()
	l := New(time.Hour, Boot(), nil)
	s.Add(l)
	l.Lose("given back")
	if err := <-got; !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := new(Set).Watch(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestTheFurtherClockCounts(t *testing.T) {
	var wall, process hand
	c := latest(wall.now, process.now)
	process.advance(time.Second)
	wall.advance(time.Hour) // the machine slept
	if c() != time.Hour {
		t.Error(c())
	}
	wall.advance(-2 * time.Hour) // somebody set it back
	if c() != time.Second {
		t.Error(c())
	}
	if a := Boot(); Boot() < a || a < 0 {
		t.Error("it goes back")
	}
}
