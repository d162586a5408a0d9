// Package pace keeps the limits of a run: messages and bytes per second as token
// buckets, bytes per day as a sliding sum over the journal's hours.
//
// It knows no IMAP. A limit is a promise about every stretch of time, not an
// average over the run: what was not used earlier is not made up for later.
package pace

import (
	"context"
	"math"
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
	l := &Limiter{bucket: rate.NewLimiter(rate.Limit(perSecond), burst), burst: burst, maxSleep: maxSleep, clock: clock}
	l.bucket.AllowN(clock.Now(), burst)
	return l
}

// Shared is the same limit for who has another clock and waits for no longer than
// maxSleep at once: what either spends, both have spent.
func (l *Limiter) Shared(maxSleep *time.Duration, clock Clock) *Limiter {
	return &Limiter{bucket: l.bucket, burst: l.burst, maxSleep: maxSleep, clock: clock}
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
	return l.sleep(ctx, l.take(l.clock.Now(), n))
}

// Ready waits until everything Spent is paid for and returns how long that took.
// With Spend it is for what is not known before: at most Burst units may go
// between the two.
func (l *Limiter) Ready(ctx context.Context) (time.Duration, error) {
	now := l.clock.Now()
	return l.sleep(ctx, l.bucket.ReserveN(now, 0).DelayFrom(now))
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
