package engine

import (
	"context"
	"fmt"
	"time"
)

// stopReason says why a run ends before its work is done.
type stopReason string

const (
	stopErrors  stopReason = "errorsmax"
	stopOver    stopReason = "exitwhenover"
	stopSignal  stopReason = "signal"
	stopLost    stopReason = "connection"
	stopQuota   stopReason = "quota"
	stopDay     stopReason = "day budget"
	stopAskedBy stopReason = "file"
)

// stopFor asks the run to end for a reason; the first reason stays.
func (r *run) stopFor(why stopReason) {
	r.stopMu.Lock()
	defer r.stopMu.Unlock()
	if r.stopped == "" {
		r.stopped = why
	}
}

func (r *run) stopCause() stopReason {
	r.stopMu.Lock()
	defer r.stopMu.Unlock()
	return r.stopped
}

// stopping reports whether no new work may be begun.
func (r *run) stopping() bool {
	select {
	case <-r.o.Stop:
		r.stopFor(stopSignal)
	default:
	}
	return r.stopCause() != ""
}

// pause is how long to wait before the n-th attempt to connect.
func (r *run) pause(n int) time.Duration {
	if r.o.Pause != nil {
		return r.o.Pause(n)
	}
	return backOff(n)
}

// sleep waits, but not longer than the run lasts.
func (r *run) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.o.Stop:
		r.stopFor(stopSignal)
		return errStopped
	}
}

// StopWait is how long what is under way is waited for after a request to stop. What
// has not come by then is in doubt, and settled by the journal.
const StopWait = 10 * time.Second

// watchStop ends the context that it returns when the run was asked to stop and does
// not come to its end by itself. The function returned ends the watch.
func (r *run) watchStop(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	over, watching := make(chan struct{}), make(chan struct{})
	wait := StopWait
	if r.o.StopWait > 0 {
		wait = r.o.StopWait
	}
	go func() {
		defer close(watching)
		select {
		case <-r.o.Stop:
		case <-over:
			return
		}
		r.stopFor(stopSignal)
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
			text := "what the servers still owe is not waited for any longer"
			if n := r.charges.Load(); n > 0 {
				text += fmt.Sprintf("; %d messages were under way: the next run finds out what became of them", n)
			}
			r.warn(text)
			cancel(errStopped)
		case <-over:
		}
	}()
	return ctx, func() {
		close(over)
		<-watching
		cancel(nil)
	}
}
