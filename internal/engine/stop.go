package engine

import (
	"context"
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
