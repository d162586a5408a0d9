// Package session keeps the connections of a run: it opens them, logs in, opens them
// again when they are lost, and holds them to what the user and the servers allow. It
// knows selected folders, and no message.
//
//   - Control: whether the run is to end and why, waits that end with it, and whom it
//     tells.
//   - Account: one account, by a Spec; login.go logs in, entry.go says what may pass and
//     what stood in the way, loginfault.go and loginhint.go what a refusal means.
//   - Link: one connection that comes back; Pair has one to each side, Dialler opens more
//     of them.
//   - Governor: what an account bears, for all runs of a process; Backoff is how one run
//     obeys its governors.
//   - Limits: the limits a second; compress.go and linerate.go: DEFLATE, on lines that
//     turn out to be slow.
package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// ErrStopped ends what is being done because the run is to end. It is no failure of
// its own: the reason was told already.
var ErrStopped = errors.New("stopped")

// IsStopped reports whether err is, or holds, ErrStopped.
func IsStopped(err error) bool { return errors.Is(err, ErrStopped) }

// Orders are what a run is told from outside, and whom it tells.
type Orders struct {
	// Sink receives the events, one at a time. nil: nobody does.
	Sink event.Sink
	// Stop asks the run to finish what is under way and end, when it is closed.
	Stop <-chan struct{}
	// StoppedBy says who closed Stop, once it is closed; nil: a signal.
	StoppedBy func() event.StopReason
	// StopWait replaces how long what is under way is waited for after Stop, 0 for
	// ten seconds.
	StopWait time.Duration
	// Idle replaces how long a connection may be silent before a NOOP keeps it
	// alive, 0 for 90 seconds.
	Idle time.Duration
	// Pause replaces the pauses between attempts, and those that a server asks for;
	// nil: they grow, see BackOff.
	Pause func(attempt int) time.Duration
	// ErrorsMax is the number of errors that ends the run, 0 for none.
	ErrorsMax int
	// Debug: lines of every topic of --debug are told.
	Debug bool
}

// Control is what all parts of a run share: the request to end, the reason why, waits
// that end with it, and the events. Safe for concurrent use.
type Control struct {
	// o changes from one run to the next, see Renew; what is late of the run before may
	// still ask.
	o atomic.Pointer[Orders]

	emitting sync.Mutex
	errors   atomic.Int64

	mu    sync.Mutex
	cause event.StopReason
}

// NewControl is the control of a run that has not begun.
func NewControl(o Orders) *Control {
	if o.Sink == nil {
		o.Sink = func(event.Event) {}
	}
	c := new(Control)
	c.o.Store(&o)
	return c
}

// Emit tells an event, one at a time.
func (c *Control) Emit(e event.Event) {
	c.emitting.Lock()
	defer c.emitting.Unlock()
	c.o.Load().Sink(e)
}

// Note tells an information.
func (c *Control) Note(text string) { c.Emit(event.Note{Text: text}) }

// Warn tells what wants attention and is no error.
func (c *Control) Warn(text string) { c.Emit(event.Note{Text: text, Warn: true}) }

// Fault tells and counts an error, and ends the run when there are too many.
func (c *Control) Fault(e event.Error) {
	c.Emit(e)
	c.CountError()
}

// CountError counts an error whose event follows later.
func (c *Control) CountError() {
	if n := c.errors.Add(1); c.o.Load().ErrorsMax > 0 && n >= int64(c.o.Load().ErrorsMax) {
		c.StopFor(event.StopErrors)
	}
}

// Errors is the number of errors counted so far.
func (c *Control) Errors() int64 { return c.errors.Load() }

// Debugging reports whether a topic of --debug is on, where a line takes work to make.
// on is the option of the topic; --debug asks for those of every topic.
func (c *Control) Debugging(on bool) bool { return on || c.o.Load().Debug }

// Debugf tells a line that only a --debug option asked for; on is that of its topic.
func (c *Control) Debugf(on bool, topic, format string, args ...any) {
	if c.Debugging(on) {
		c.Emit(event.Debug{Topic: topic, Text: fmt.Sprintf(format, args...)})
	}
}

// StopFor asks the run to end for a reason; the first reason stays.
func (c *Control) StopFor(why event.StopReason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == "" {
		c.cause = why
	}
}

// Cause is why the run is to end, "" while it is not. Who asked for it from outside is
// asked each time, since a signal may follow a request by file.
func (c *Control) Cause() event.StopReason {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == event.StopSignal && c.o.Load().StoppedBy != nil {
		return c.o.Load().StoppedBy()
	}
	return c.cause
}

// Asked reports whether the run ends because somebody asked for it from outside.
func (c *Control) Asked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause == event.StopSignal
}

// Requested is closed when the run is asked from outside to end. Who waits for it
// calls StopFor with event.StopSignal.
func (c *Control) Requested() <-chan struct{} { return c.o.Load().Stop }

// Stopping reports whether no new work may be begun.
func (c *Control) Stopping() bool {
	select {
	case <-c.o.Load().Stop:
		c.StopFor(event.StopSignal)
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause != ""
}

// Sleep waits, but not longer than the run lasts: then it returns ErrStopped, or the
// context's error.
func (c *Control) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.o.Load().Stop:
		c.StopFor(event.StopSignal)
		return ErrStopped
	}
}

// Keeper keeps a connection alive on which nothing is under way.
type Keeper interface{ KeepAlive(ctx context.Context) }

// steps is how often in the time that a connection may be silent somebody who waits
// looks after it: pauses that are shorter than that time follow each other.
const steps = 3

// Rest is Sleep for waits of minutes: they are counted down, and meanwhile the
// connections, which must be the caller's own, are kept alive. nil is none.
func (c *Control) Rest(ctx context.Context, d time.Duration, own ...Keeper) error {
	end := time.Now().Add(d)
	for step := 1; ; step++ {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := c.Sleep(ctx, min(left, c.Idle()/steps)); err != nil {
			return err
		}
		if left = time.Until(end); left > time.Second && step%steps == 0 {
			c.Note(fmt.Sprintf("Waiting, %s left", left.Round(time.Second)))
		}
		for _, k := range own {
			if left > 0 && k != nil {
				k.KeepAlive(ctx)
			}
		}
	}
}

// Now is the time on the wall. With Sleep it is the clock of a run.
func (c *Control) Now() time.Time { return time.Now() }

// Pause is how long to wait before the n-th attempt, counting from 1.
func (c *Control) Pause(n int) time.Duration {
	return c.PauseOr(n, BackOff(n))
}

// Paused reports whether the pauses are replaced, for tests.
func (c *Control) Paused() bool { return c.o.Load().Pause != nil }

// PauseOr is what a test has in the place of the n-th pause, or d.
func (c *Control) PauseOr(n int, d time.Duration) time.Duration {
	if c.o.Load().Pause != nil {
		return c.o.Load().Pause(n)
	}
	return d
}

// BackOff is how long to wait before the n-th attempt to open a connection: a quarter
// more or less by chance, so that many runs that one failure of a server interrupted
// do not come back at the same moment.
func BackOff(n int) time.Duration {
	d := MeanBackOff(n)
	return d - d/4 + rand.N(d/2)
}

// MeanBackOff is the mean of BackOff: longer each time, up to a minute.
func MeanBackOff(n int) time.Duration { return min(time.Second<<min(n, 6), time.Minute) }

// idleLimit is how long a connection may be silent before a NOOP keeps it: firewalls
// and address translators forget it after five minutes, some after two.
const idleLimit = 90 * time.Second

// Idle is how long a connection may be silent.
func (c *Control) Idle() time.Duration {
	if c.o.Load().Idle > 0 {
		return c.o.Load().Idle
	}
	return idleLimit
}

// StopWait is how long what is under way is waited for after a request to stop. What
// has not come by then is in doubt, and settled by the journal.
const StopWait = 10 * time.Second

// Watch returns a context that ends when the run was asked to stop and does not come
// to its end by itself; underWay is the number of messages whose outcome is not known
// by then. The function returned ends the watch.
func (c *Control) Watch(ctx context.Context, underWay func() int64) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	over, watching := make(chan struct{}), make(chan struct{})
	wait := StopWait
	if c.o.Load().StopWait > 0 {
		wait = c.o.Load().StopWait
	}
	go func() {
		defer close(watching)
		select {
		case <-c.o.Load().Stop:
		case <-over:
			return
		}
		c.StopFor(event.StopSignal)
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
			text := "what the servers still owe is not waited for any longer"
			if n := underWay(); n > 0 {
				text += fmt.Sprintf("; %d messages were under way: the next run finds out what became of them", n)
			}
			c.Warn(text)
			cancel(ErrStopped)
		case <-over:
		}
	}()
	return ctx, func() {
		close(over)
		<-watching
		cancel(nil)
	}
}
