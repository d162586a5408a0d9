package lease

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrOver says that a lease is over: nothing more may be changed under it. See
// OverError.
var ErrOver = errors.New("the lease is over")

// OverError is ErrOver with its reason.
type OverError struct{ Why string }

func (e *OverError) Error() string {
	return "the lease on these accounts is over (" + e.Why + "): nothing more is changed, since another process may have taken over"
}

// Is makes errors.Is(err, ErrOver) true.
func (e *OverError) Is(target error) bool { return target == ErrOver }

// Lease is one lease. Over once, it is never valid again. Safe for concurrent use.
type Lease struct {
	ttl   time.Duration
	clock Clock

	mu   sync.Mutex
	end  time.Duration // by clock
	over error         // nil while it is not known to be over
	done chan struct{} // closed with over
}

// New is a lease that was asked for when the clock told sent, and granted since. ttl
// is how long the grantor keeps it for a holder who is silent. A nil clock is Boot.
func New(ttl, sent time.Duration, clock Clock) *Lease {
	if clock == nil {
		clock = Boot
	}
	return &Lease{ttl: ttl, clock: clock, end: sent + held(ttl), done: make(chan struct{})}
}

// held is how much of the time that the grantor waits the holder counts on. The rest
// is for what clocks and the way to the grantor may be wrong by.
func held(ttl time.Duration) time.Duration { return ttl * 2 / 3 }

// UserTimeout is for how long bytes that the other end did not acknowledge may stay on
// their way (TCP_USER_TIMEOUT) while a lease of this length is held.
func UserTimeout(ttl time.Duration) time.Duration { return ttl / 3 }

// TakeOver is how long somebody waits who wants to take over, after the last sign of
// life of the holder: its time, and that of bytes on their way.
func TakeOver(ttl time.Duration) time.Duration { return ttl + UserTimeout(ttl) }

// RenewEvery is how often a lease is to be renewed: often enough that one renewal may
// fail.
func RenewEvery(ttl time.Duration) time.Duration { return ttl / 5 }

// TTL is how long the grantor keeps the lease.
func (l *Lease) TTL() time.Duration { return l.ttl }

// Now is the lease's clock, to be read before a renewal is sent.
func (l *Lease) Now() time.Duration { return l.clock() }

// Renewed prolongs the lease: the renewal that was granted was sent when the clock
// told sent. It is of no effect when the lease is over by then.
func (l *Lease) Renewed(sent time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.check() == nil {
		l.end = max(l.end, sent+held(l.ttl))
	}
}

// Lose ends the lease: the grantor has said that it is another's, or it was given back.
func (l *Lease) Lose(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose(why)
}

// lose is Lose; l.mu is held.
func (l *Lease) lose(why string) {
	if l.over == nil {
		l.over = &OverError{Why: why}
		close(l.done)
	}
}

// Check returns nil while the lease is valid, and an *OverError for ever after.
func (l *Lease) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.check()
}

func (l *Lease) check() error {
	if l.over == nil && l.clock() >= l.end {
		l.lose(fmt.Sprintf("it was not renewed for %v", held(l.ttl).Round(time.Millisecond)))
	}
	return l.over
}

// Left is how long the lease is valid from now, 0 when it is over.
func (l *Lease) Left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.check() != nil {
		return 0
	}
	return l.end - l.clock()
}

// Over is closed when somebody has found out that the lease is over: Check, or a
// watch.
func (l *Lease) Over() <-chan struct{} { return l.done }
