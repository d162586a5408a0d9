// Package pace keeps the limits of a run: messages and bytes per second as token
// buckets, bytes per day as a sliding sum over the journal's hours.
//
// It knows no IMAP. A limit is a promise about every stretch of time, not an
// average over the run: what was not used earlier is not made up for later.
package pace

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// slack is the part of a second's worth that what was not used a moment ago may
// be made up for, so that a timer that fires late costs nothing. In any stretch
// of time the limit can be exceeded by it, and by as much again for the piece
// that is under way: together 1 % of ten seconds.
const slack = 0.05

// Limiter holds one limit. It may be used from several goroutines, which share it.
type Limiter struct {
	bucket *rate.Limiter
	burst  int
	// maxSleep cuts every single wait short; then the limit does not hold. nil:
	// never.
	maxSleep *time.Duration
	clock    Clock
	// varies: the rate changes while somebody waits, so that waits are looked at anew.
	varies *atomic.Bool
	// Tell, if it is set, is told of every wait before it is made.
	Tell func(time.Duration)
}

// Clock is time; tests have their own.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// New makes a limiter of perSecond units a second, which must be above zero. It
// starts empty: there is no burst at the beginning.
func New(perSecond float64, maxSleep *time.Duration, clock Clock) *Limiter {
	burst := int(math.Max(1, math.Min(perSecond*slack, math.MaxInt32)))
	l := &Limiter{bucket: rate.NewLimiter(rate.Limit(perSecond), burst), burst: burst, maxSleep: maxSleep, clock: clock, varies: new(atomic.Bool)}
	l.bucket.AllowN(clock.Now(), burst)
	return l
}

// Shared is the same limit for who has another clock and waits for no longer than
// maxSleep at once: what either spends, both have spent.
func (l *Limiter) Shared(maxSleep *time.Duration, clock Clock) *Limiter {
	return &Limiter{bucket: l.bucket, burst: l.burst, maxSleep: maxSleep, clock: clock, varies: l.varies}
}

// SetRate changes the units a second from now on; Burst stays.
func (l *Limiter) SetRate(perSecond float64) {
	l.bucket.SetLimitAt(l.clock.Now(), rate.Limit(perSecond))
}

// Burst is how many units may go at once, at least one.
func (l *Limiter) Burst() int { return l.burst }

// Wait waits until n units may go and returns how long that took. More units
// than go at once are waited for as a whole.
func (l *Limiter) Wait(ctx context.Context, n int64) (time.Duration, error) {
	return l.wait(ctx, l.take(l.clock.Now(), n))
}

// Ready waits until everything Spent is paid for and returns how long that took.
// With Spend it is for what is not known before: at most Burst units may go
// between the two.
func (l *Limiter) Ready(ctx context.Context) (time.Duration, error) {
	return l.wait(ctx, l.debt())
}

// Spend takes n units that went.
func (l *Limiter) Spend(n int64) { l.take(l.clock.Now(), n) }

// take takes n units and returns when they are paid for.
func (l *Limiter) take(now time.Time, n int64) (delay time.Duration) {
	for n > 0 {
		part := int(min(n, int64(l.burst)))
		delay = l.bucket.ReserveN(now, part).DelayFrom(now)
		n -= int64(part)
	}
	return delay
}

// debt is how long it takes until everything that went is paid for.
func (l *Limiter) debt() time.Duration {
	now := l.clock.Now()
	return l.bucket.ReserveN(now, 0).DelayFrom(now)
}

// look is how long is slept at a time where the rate varies.
const look = time.Second

// Vary has waits follow changes of the rate (SetRate), also those under way: what was to
// take hours at a rate of nearly nothing takes a moment when there is more.
func (l *Limiter) Vary() { l.varies.Store(true) }

// wait sleeps for so long, or until everything is paid for where the rate varies.
func (l *Limiter) wait(ctx context.Context, delay time.Duration) (slept time.Duration, err error) {
	if !l.varies.Load() {
		return l.sleep(ctx, delay)
	}
	for first := true; first || delay > 0; first = false {
		part, err := l.sleep(ctx, min(delay, look))
		slept += part
		if err != nil || l.maxSleep != nil && slept >= *l.maxSleep {
			return slept, err
		}
		delay = l.debt()
	}
	return slept, nil
}

func (l *Limiter) sleep(ctx context.Context, delay time.Duration) (time.Duration, error) {
	if l.maxSleep != nil && delay > *l.maxSleep {
		delay = max(*l.maxSleep, 0)
	}
	if delay <= 0 {
		return 0, ctx.Err()
	}
	if l.Tell != nil {
		l.Tell(delay)
	}
	return delay, l.clock.Sleep(ctx, delay)
}

// Rate is the units a second.
func (l *Limiter) Rate() float64 { return float64(l.bucket.Limit()) }
