package pace_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/pace"
)

// clock is a clock that moves only when somebody sleeps.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

type sent struct {
	at time.Time
	n  int64
}

// worst is the largest sum in any stretch of ten seconds that ends with a
// message, as a share of what the limit allows there. A message counts from the
// moment at which it may go.
func worst(log []sent, perSecond float64) float64 {
	const stretch = 10 * time.Second
	high, from := 0.0, 0
	var sum int64
	for _, s := range log {
		sum += s.n
		for s.at.Sub(log[from].at) >= stretch {
			sum -= log[from].n
			from++
		}
		high = math.Max(high, float64(sum)/(perSecond*stretch.Seconds()))
	}
	return high
}

func TestLimitHoldsInEveryTenSeconds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, tc := range []struct {
		name      string
		perSecond float64
		size      func() int64
	}{
		{"small messages", 1e6, func() int64 { return 1 + rng.Int64N(8000) }},
		{"mixed messages", 1e6, func() int64 { return 1 + rng.Int64N(60000) }},
		{"slow", 40000, func() int64 { return 1 + rng.Int64N(3000) }},
		{"one at a time", 50, func() int64 { return 1 }},
		{"less than one a second", 0.5, func() int64 { return 1 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &clock{time.Unix(1e9, 0)}
			start := c.now
			l := pace.New(tc.perSecond, nil, c)
			var log []sent
			var sum int64
			for c.now.Sub(start) < 5*time.Minute {
				if rng.IntN(500) == 0 {
					c.now = c.now.Add(20 * time.Second) // idle time earns nothing
				}
				n := tc.size()
				if _, err := l.Wait(t.Context(), n); err != nil {
					t.Fatal(err)
				}
				log = append(log, sent{c.now, n})
				sum += n
			}
			// The size of one message may stand over at the edge of a stretch.
			allowed := 1.02 + float64(tc.size())/(tc.perSecond*10)
			if tc.perSecond < 100 {
				allowed = 1.02 + 1/(tc.perSecond*10)
			}
			if w := worst(log, tc.perSecond); w > allowed+0.01 {
				t.Errorf("%.4f times the limit within ten seconds", w)
			}
		})
	}
}

func TestLimitIsUsed(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	start := c.now
	l := pace.New(10000, nil, c)
	for range 1000 {
		if _, err := l.Wait(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	if took := c.now.Sub(start).Seconds(); math.Abs(took-100) > 2 {
		t.Errorf("a million bytes at 10000 a second took %.2f s", took)
	}
}

// What is read in pieces, of which only the largest size is known before, holds
// the limit and uses it.
func TestPiecesHoldTheLimitAndUseIt(t *testing.T) {
	for _, perSecond := range []float64{1e6, 40000, 500, 3} {
		rng := rand.New(rand.NewPCG(2, 2))
		c := &clock{time.Unix(1e9, 0)}
		start := c.now
		l := pace.New(perSecond, nil, c)
		var log []sent
		var sum int64
		for c.now.Sub(start) < 5*time.Minute {
			if _, err := l.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := 1 + rng.Int64N(int64(l.Burst()))
			l.Spend(n)
			log = append(log, sent{c.now, n})
			sum += n
		}
		if w, allowed := worst(log, perSecond), 1.01+0.2/perSecond; w > allowed+1e-6 {
			t.Errorf("%.4f times the limit of %v within ten seconds", w, perSecond)
		}
		if used := float64(sum) / perSecond / c.now.Sub(start).Seconds(); used < 0.99 {
			t.Errorf("%.4f of the limit of %v used", used, perSecond)
		}
	}
}

// Several that share a limit get no more than one.
func TestLimitIsShared(t *testing.T) {
	l := pace.New(1e5, nil, wallClock{})
	start := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				if _, err := l.Ready(t.Context()); err != nil {
					t.Error(err)
				}
				l.Spend(500)
			}
		})
	}
	all.Wait()
	// The pieces under way need not be paid for yet.
	if took := time.Since(start); took < 120*time.Millisecond {
		t.Errorf("20000 bytes at 100000 a second went in %v", took)
	}
}

func TestMaxSleepCutsEachWait(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	cap := 2 * time.Second
	l := pace.New(10, &cap, c)
	slept, err := l.Wait(t.Context(), 1000)
	if err != nil || slept != cap {
		t.Fatalf("slept %v, %v", slept, err)
	}
	zero := time.Duration(0)
	if slept, _ := pace.New(10, &zero, c).Wait(t.Context(), 1000); slept != 0 {
		t.Fatalf("--maxsleep 0 slept %v", slept)
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pace.New(1, nil, wallClock{}).Wait(ctx, 1000); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// hours is traffic by hour.
type hours map[int64]int64

func (h hours) Bytes(from, to time.Time) (n int64) {
	for hour, v := range h {
		if hour >= from.Unix()/3600 && hour < to.Unix()/3600 {
			n += v
		}
	}
	return n
}

func TestDay(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)
	at := func(back int) int64 { return now.Unix()/3600 - int64(back) }
	for _, tc := range []struct {
		name  string
		moved hours
		n     int64
		left  int64
		again time.Time
	}{
		{"nothing moved", nil, 100, 1000, now},
		{"room", hours{at(3): 500}, 100, 500, now},
		{"this hour counts", hours{at(0): 950}, 100, 50, time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)},
		{"the oldest hour goes first", hours{at(20): 600, at(1): 400}, 100, 0, time.Date(2026, 11, 23, 19, 0, 0, 0, time.UTC)},
		{"yesterday is forgotten", hours{at(25): 1000}, 100, 1000, now},
		{"the hour at the edge counts wholly", hours{at(24): 1000}, 100, 0, time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)},
		{"more than the limit", hours{at(2): 10}, 5000, 990, time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := pace.Day{Limit: 1000, Traffic: tc.moved}
			if got := d.Left(now); got != tc.left {
				t.Errorf("left %d, want %d", got, tc.left)
			}
			if got := d.Again(now, tc.n); !got.Equal(tc.again) {
				t.Errorf("again at %v, want %v", got, tc.again)
			}
		})
	}
}

// wallClock is the clock on the wall.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// steps is a clock on which somebody raises the rate after some seconds of sleep.
type steps struct {
	at    time.Time
	slept time.Duration
	after time.Duration
	raise func()
}

func (c *steps) Now() time.Time { return c.at }

func (c *steps) Sleep(_ context.Context, d time.Duration) error {
	c.at, c.slept = c.at.Add(d), c.slept+d
	if c.slept >= c.after && c.raise != nil {
		c.raise()
		c.raise = nil
	}
	return nil
}

// TestAWaitFollowsTheRate: who began to wait at a rate of nearly nothing does not wait for
// minutes when there is more.
func TestAWaitFollowsTheRate(t *testing.T) {
	for _, wait := range []func(*pace.Limiter) (time.Duration, error){
		func(l *pace.Limiter) (time.Duration, error) { return l.Wait(context.Background(), 3) },
		func(l *pace.Limiter) (time.Duration, error) { l.Spend(3); return l.Ready(context.Background()) },
	} {
		c := &steps{at: time.Unix(1e9, 0), after: 4 * time.Second}
		l := pace.New(100, nil, c)
		other := l.Shared(nil, c)
		l.Vary()
		l.SetRate(0.01)
		c.raise = func() { l.SetRate(100) }
		slept, err := wait(other)
		if err != nil || slept < c.after || slept > c.after+2*time.Second || slept != c.slept {
			t.Errorf("%v %v", slept, err)
		}
		most := time.Second / 2
		l.SetRate(0.01)
		if slept, err := wait(l.Shared(&most, c)); err != nil || slept != most {
			t.Errorf("%v %v with --maxsleep", slept, err)
		}
	}
}
