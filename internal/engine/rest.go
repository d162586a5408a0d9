package engine

import (
	"context"
	"time"
)

// KeepAlive says NOOP on a connection on which nothing is under way. Its loss is
// found out by whoever needs it next.
func (k *link) KeepAlive(ctx context.Context) {
	if k == nil {
		return
	}
	if c := k.conn; c != nil && c.Err() == nil && c.InFlight() == 0 {
		_ = c.Noop(ctx)
	}
}

// watchOver keeps a link's connection alive until done is closed.
func (k *link) watchOver(ctx context.Context, done <-chan struct{}) {
	t := time.NewTicker(k.run.control.Idle())
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-t.C:
			k.KeepAlive(ctx)
		}
	}
}
