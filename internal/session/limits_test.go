package session

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/pace"
)

// stillClock moves only when somebody sleeps.
type stillClock struct{ now time.Time }

func (c *stillClock) Now() time.Time { return c.now }

func (c *stillClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// TestRoomKeepsTheLimit plays a server that sends whatever it has room for, on
// lines of any length: no ten seconds hold more than 2 % above the limit, and
// little of it is left unused.
func TestRoomKeepsTheLimit(t *testing.T) {
	const limit = 1_000_000
	for _, rtt := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, time.Second} {
		clock := &stillClock{now: time.Unix(1e9, 0)}
		l := pace.New(limit, nil, clock)
		room := roomFor(rtt)
		l.SetRate(limit * rateFor(room))
		ahead := int64(room * limit)
		rng := rand.New(rand.NewPCG(5, uint64(rtt)))
		type moment struct {
			at time.Time
			n  int64
		}
		var log []moment
		var asked, sent, read, used int64
		start := clock.now
		var idle time.Duration
		for clock.now.Sub(start) < 3*time.Minute {
			if read == asked {
				if rng.IntN(4) == 0 { // nothing to do for a moment: the worst that can come before
					pause := time.Duration(rng.Int64N(int64(time.Second)))
					clock.now = clock.now.Add(pause)
					idle += pause
				}
				asked += 1 + rng.Int64N([]int64{5_000, 100_000, 8_000_000}[rng.IntN(3)])
			}
			if now := min(asked, read+ahead); now > sent {
				log = append(log, moment{clock.now, now - sent})
				sent = now
			}
			if _, err := l.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := min(int64(l.Burst()), sent-read)
			l.Spend(n)
			read += n
			used += n
		}
		var sum, high int64
		from := 0
		for _, m := range log {
			sum += m.n
			for m.at.Sub(log[from].at) >= stretch*time.Second {
				sum -= log[from].n
				from++
			}
			high = max(high, sum)
		}
		share := float64(used) / limit / (clock.now.Sub(start) - idle).Seconds()
		t.Logf("%v: at most %.4f of the limit, %.4f used", rtt, float64(high)/limit/stretch, share)
		if float64(high) > limit*(stretch+spare)+1 {
			t.Errorf("%v: %d bytes in ten seconds", rtt, high)
		}
		if share < 0.95 {
			t.Errorf("%v: %.3f of the limit used", rtt, share)
		}
	}
}
