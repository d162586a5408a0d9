package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// On a slow line the bytes of a message are told while it is on its way, whether it
// goes through memory or straight through, whichever line is the slow one. The system
// takes some megabytes for host2 at once: there is more than that.
func TestBytesUnderWayAreTold(t *testing.T) {
	t.Parallel()
	const rate = 5_000_000
	for _, tc := range []struct {
		name string
		size int
		n    int
		slow int
	}{
		{"one large message, host1 slow", 5_000_000, 1, 1},
		{"one large message, host2 slow", 12_000_000, 1, 2},
		{"messages in memory, host1 slow", 300_000, 15, 1},
		{"messages in memory, host2 slow", 300_000, 40, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			from := mailtest.StartEmbedded(t, embedded.Options{})
			to := mailtest.StartEmbedded(t, embedded.Options{})
			a, b := newAccount(t, from), newAccount(t, to)
			mailtest.Fill(t, from, a.user, letters(tc.n, tc.size))
			side := &a
			if tc.slow == 2 {
				side = &b
			}
			p, err := proxy.Start(proxy.Options{Target: side.addr(), Rate: rate})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			side.port = p.Port()
			var told []event.Underway
			over := false
			var copied, listed int64
			got := migrateWith(t, t.Context(), engine.Options{Pulse: 20 * time.Millisecond, Sink: func(e event.Event) {
				switch e := e.(type) {
				case event.Underway:
					if over {
						t.Error("told after the end")
					}
					told = append(told, e)
				case event.MessageCopied:
					copied += e.Bytes
				case event.Finished:
					over = true
				}
			}}, args(a, b)...)
			got.expect(t, 0)
			if len(told) < 6 {
				t.Fatalf("told %d times", len(told))
			}
			between := 0
			for i, u := range told {
				if i > 0 && (u.Left < told[i-1].Left || u.Line[1] < told[i-1].Line[1] || u.Line[2] < told[i-1].Line[2]) {
					t.Errorf("%+v after %+v", u, told[i-1])
				}
				if u.Line[tc.slow] > 100_000 && u.Line[tc.slow] < copied {
					between++
				}
				listed = max(listed, u.Listed[1])
			}
			if between < 2 {
				t.Errorf("told %d times while mail was on its way", between)
			}
			if last := told[len(told)-1]; last.Left < copied || last.Line[1] < copied || last.Line[2] < copied {
				t.Errorf("%d bytes copied, and told at last %+v", copied, last)
			}
			if listed < int64(tc.n) {
				t.Errorf("%d messages listed, %d told", tc.n, listed)
			}
		})
	}
}

// What is told costs nothing where it is not asked for.
func TestNothingIsToldUnasked(t *testing.T) {
	t.Parallel()
	from := mailtest.StartEmbedded(t, embedded.Options{})
	to := mailtest.StartEmbedded(t, embedded.Options{})
	a, b := newAccount(t, from), newAccount(t, to)
	mailtest.Fill(t, from, a.user, letters(3, 1000))
	migrateWith(t, t.Context(), engine.Options{Sink: func(e event.Event) {
		if _, ok := e.(event.Underway); ok {
			t.Error("told unasked")
		}
	}}, args(a, b)...).expect(t, 0)
}

// A pause of a limit is told before it is made.
func TestPausesAreToldBefore(t *testing.T) {
	t.Parallel()
	from := mailtest.StartEmbedded(t, embedded.Options{})
	to := mailtest.StartEmbedded(t, embedded.Options{})
	a, b := newAccount(t, from), newAccount(t, to)
	mailtest.Fill(t, from, a.user, letters(3, 1000))
	clock := &teller{now: time.Unix(1e9, 0), told: make(map[time.Duration]int)}
	migrateWith(t, t.Context(), engine.Options{Clock: clock, Sink: clock.event}, append(args(a, b), "--maxmessagespersecond", "0.02")...).expect(t, 0)
	if clock.slept < 3 || clock.untold > 0 {
		t.Errorf("%d pauses, %d of them not told before", clock.slept, clock.untold)
	}
}

// teller is a clock that moves only when somebody sleeps, and looks whether that was
// told.
type teller struct {
	mu            sync.Mutex
	now           time.Time
	told          map[time.Duration]int
	slept, untold int
}

func (c *teller) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *teller) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	if d >= time.Second {
		c.slept++
		if c.told[d] == 0 {
			c.untold++
		} else {
			c.told[d]--
		}
	}
	return ctx.Err()
}

func (c *teller) event(e event.Event) {
	if w, ok := e.(event.Waiting); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told[w.For]++
	}
}
