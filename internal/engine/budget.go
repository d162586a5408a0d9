package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// The limits a day are kept where a body is asked for: before its bytes leave the
// source server, and for both directions at once, since what was not asked for is
// not sent on either. Those a second are in throttle.go.

// limits are the brakes of a run.
type limits struct {
	clock pace.Clock
	// messages and bytes hold for each direction; nil for no limit.
	messages, bytes [3]*pace.Limiter
	// slept is what was waited for bytes and not told yet; came is what host1 has
	// sent, in bytes on the line.
	slept, came atomic.Int64
	// day holds the limits of bytes a day, by side.
	day [3]*pace.Day
	// counted is what of each side's traffic the journal knows.
	counted [3]int64
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
	r.charges.Add(-1)
	r.fated.Add(t.size)
	if !sent {
		r.lost.Add(t.size)
	}
}

// countTraffic tells the journal what went over the wire since the last time:
// what host1 sent, and what host2 was sent.
func (r *run) countTraffic() {
	now := r.limits.clock.Now()
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
// never crossed. busy says that others were asked for in this round: then nothing
// is waited for, since their fate decides how much room there is.
func (r *run) mayTransfer(ctx context.Context, size int64, busy bool) (bool, error) {
	if limit := r.p.Limits.ExitWhenOver; limit != nil && r.asked.Load()-r.lost.Load() >= *limit {
		r.stopFor(stopOver)
		return false, nil
	}
	for n := event.Side(1); n <= 2; n++ {
		if d := r.limits.day[n]; d != nil {
			if may, err := r.mayToday(ctx, n, d, size, busy); !may || err != nil {
				return false, err
			}
		}
	}
	r.asked.Add(size)
	r.charges.Add(1)
	return true, nil
}

// envelope is about what a message costs on the line beside its bytes: commands,
// replies, TLS.
const envelope = 256

// mayToday is mayTransfer for the limit a day of one side.
func (r *run) mayToday(ctx context.Context, n event.Side, d *pace.Day, size int64, busy bool) (bool, error) {
	for {
		// What was asked for and is still under way counts, too.
		need := size + r.asked.Load() - r.fated.Load()
		need += need/100 + (r.charges.Load()+1)*envelope
		now := r.limits.clock.Now()
		again := d.Again(now, need)
		if !again.After(now) {
			return true, nil // also a message above the whole limit, once everything is free
		}
		if busy && r.p.Limits.WaitDay {
			return false, nil
		}
		text := fmt.Sprintf("Host%d: the limit of %d bytes a day (--maxbytesperday%d) is reached; it may go on at %s", n, d.Limit, n, again.Local().Format("2006-01-02 15:04 -0700"))
		if !r.p.Limits.WaitDay {
			r.warn(text)
			r.stopFor(stopDay)
			return false, nil
		}
		wait := again.Sub(now)
		r.warn(text + ", waiting until then (--waitday)")
		r.emit(event.Throttled{Side: n, For: wait, Why: fmt.Sprintf("--maxbytesperday%d", n)})
		if err := r.limits.clock.Sleep(ctx, wait); err != nil {
			return false, err
		}
	}
}
