package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// The limits of a run are kept where a body is asked for: before its bytes leave
// the source server, and for both directions at once, since what was not asked
// for is not sent on either.

// limits are the brakes of a run.
type limits struct {
	messages, bytes *pace.Limiter
	// day holds the limits of bytes a day, by side.
	day [3]*pace.Day
	// counted is what of each side's traffic the journal knows.
	counted [3]int64
}

// prepareLimits makes the limiters of the plan.
func (r *run) prepareLimits() {
	l := &r.p.Limits
	var clock pace.Clock = pace.Real{}
	if r.o.Clock != nil {
		clock = r.o.Clock
	}
	if l.MaxMessagesPerSecond > 0 {
		r.limits.messages = pace.New(l.MaxMessagesPerSecond, l.MaxSleep, clock)
	}
	if l.MaxBytesPerSecond > 0 {
		r.limits.bytes = pace.New(float64(l.MaxBytesPerSecond), l.MaxSleep, clock)
	}
}

// traffic is one account's bytes by hour, as pace wants them.
type traffic struct {
	r    *run
	side event.Side
}

// Bytes is what was moved in the hours from..to, this run's last bytes included.
func (t traffic) Bytes(from, to time.Time) int64 {
	t.r.countTraffic()
	return t.r.j.Bytes(journal.Side(t.side), from, to)
}

// prepareDays makes the limits of bytes a day; they live in the journal.
func (r *run) prepareDays() {
	for n, limit := range map[event.Side]int64{1: r.p.Limits.MaxBytesPerDay1, 2: r.p.Limits.MaxBytesPerDay2} {
		if limit > 0 {
			r.limits.day[n] = &pace.Day{Limit: limit, Traffic: traffic{r, n}}
		}
	}
}

// release gives back what mayTransfer counted for a message, when its fate is
// known; sent tells whether host2 has it.
func (r *run) release(t *task, sent bool) {
	if !t.charged {
		return
	}
	t.charged = false
	r.fated.Add(t.size)
	if !sent {
		r.lost.Add(t.size)
	}
}

// countTraffic tells the journal what went over the wire since the last time:
// what host1 sent, and what host2 was sent.
func (r *run) countTraffic() {
	now := time.Now()
	for _, k := range []*link{r.main.src, r.main.dst} {
		n := k.side.n
		in, out := k.side.bytesIn, k.side.bytesOut
		if k.conn != nil {
			c := k.conn.Counters()
			in, out = in+c.NetIn, out+c.NetOut
		}
		moved := in
		if n == 2 {
			moved = out
		}
		if d := moved - r.limits.counted[n]; d > 0 {
			r.limits.counted[n] = moved
			r.j.AddBytes(journal.Side(n), now, d)
		}
	}
}

// mayTransfer reports whether a message of size bytes may still be asked for
// under --exitwhenover and the limits a day. As in imapsync, the message that
// crosses the line of --exitwhenover is the last one copied; a day's limit is
// never crossed.
func (r *run) mayTransfer(ctx context.Context, size int64) (bool, error) {
	if limit := r.p.Limits.ExitWhenOver; limit != nil && r.asked.Load()-r.lost.Load() >= *limit {
		r.stopFor(stopOver)
		return false, nil
	}
	for n := event.Side(1); n <= 2; n++ {
		d := r.limits.day[n]
		if d == nil {
			continue
		}
		for {
			// What was asked for and is still under way counts, too.
			under := r.asked.Load() - r.fated.Load()
			if d.Left(time.Now())-under >= size {
				break
			}
			again := d.Again(time.Now(), size+under)
			if !again.After(time.Now()) {
				break // a message above the whole limit: once everything is free
			}
			text := fmt.Sprintf("Host%d: the limit of %d bytes a day (--maxbytesperday%d) is reached; it may go on at %s", n, d.Limit, n, again.Format("2006-01-02 15:04 -0700"))
			if !r.p.Limits.WaitDay {
				r.warn(text)
				r.stopFor(stopDay)
				return false, nil
			}
			if under > 0 { // first what is under way
				if err := r.sleep(ctx, 100*time.Millisecond); err != nil {
					return false, err
				}
				continue
			}
			wait := time.Until(again)
			r.warn(text + ", waiting until then (--waitday)")
			r.emit(event.Throttled{Side: n, For: wait, Why: fmt.Sprintf("--maxbytesperday%d", n)})
			if err := r.sleep(ctx, wait); err != nil {
				return false, err
			}
		}
	}
	r.asked.Add(size)
	return true, nil
}

// pacing reports whether a limit holds that makes messages go one by one.
func (r *run) pacing() bool {
	return r.limits.messages != nil || r.limits.bytes != nil || r.limits.day[1] != nil || r.limits.day[2] != nil
}

// pace waits until a message of size bytes may leave host1.
func (r *run) pace(ctx context.Context, size int64) error {
	for _, l := range []struct {
		limit *pace.Limiter
		n     int64
		on    bool
		why   string
	}{
		{r.limits.messages, 1, true, "--maxmessagespersecond"},
		{r.limits.bytes, size, r.asked.Load() > r.p.Limits.MaxBytesAfter, "--maxbytespersecond"},
	} {
		if l.limit == nil || !l.on {
			continue
		}
		slept, err := l.limit.Wait(ctx, l.n)
		if err != nil {
			return err
		}
		if slept >= 10*time.Millisecond {
			r.emit(event.Throttled{Side: 1, For: slept, Why: l.why})
		}
	}
	return nil
}
