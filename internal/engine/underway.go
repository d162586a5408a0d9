package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// underway counts what moves, for whoever watches. Counting costs nothing beside
// the work; it is told at most once in Options.Pulse.
type underway struct {
	listed [3]atomic.Int64
	// sides are those of the run from the moment at which they are there: whoever
	// watches does so from another goroutine.
	sides [3]atomic.Pointer[side]
}

// StopWait is how long what is under way is waited for when the run is asked to stop.
const StopWait = session.StopWait

// tellWait tells of a pause before it is made; side 0 is both.
func (r *run) tellWait(side event.Side, d time.Duration, why string) {
	r.control.TellWait(side, d, why)
}

// underwayNow is what moved so far.
func (r *run) underwayNow() event.Underway {
	var u event.Underway
	r.transfer.Underway(&u)
	for n := 1; n <= 2; n++ {
		u.Line[n] = r.limits.Went(event.Side(n))
		u.Listed[n] = r.under.listed[n].Load()
	}
	for n := range r.under.sides {
		s := r.under.sides[n].Load()
		if s == nil {
			continue
		}
		u.Connections[s.N] = int(s.Lines.Load())
		u.Commands[s.N], u.RoundTrips[s.N] = s.Meter.Commands.Load(), s.Meter.Trips.Load()
		u.ShortestTripSeconds[s.N] = time.Duration(s.Meter.Shortest.Load()).Seconds()
	}
	return u
}

// beat tells what moves until the function it returns is called, which returns when
// nothing more will be told.
func (r *run) beat() (silence func()) {
	if r.o.Pulse <= 0 {
		return func() {}
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(r.o.Pulse)
		defer tick.Stop()
		var told event.Underway
		for last := false; !last; {
			select {
			case <-tick.C:
			case <-over:
				last = true // what moved since the last tick is told, too
			}
			if u := r.underwayNow(); u != told {
				r.emit(u)
				told = u
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-done
	})
}
