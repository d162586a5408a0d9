package engine

import (
	"context"
	"fmt"
	"time"
)

// rest waits. Minutes are counted down, and meanwhile the connections of the links,
// which must be the caller's own, are kept alive.
func (r *run) rest(ctx context.Context, d time.Duration, links ...*link) error {
	end := time.Now().Add(d)
	for {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := r.control.Sleep(ctx, min(left, r.control.Idle())); err != nil {
			return err
		}
		if left = time.Until(end); left > time.Second {
			r.note(fmt.Sprintf("Waiting, %s left", left.Round(time.Second)))
		}
		for _, k := range links {
			if left > 0 && k != nil {
				k.keepAlive(ctx)
			}
		}
	}
}

// keepAlive says NOOP on a connection on which nothing is under way. Its loss is
// found out by whoever needs it next.
func (k *link) keepAlive(ctx context.Context) {
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
			k.keepAlive(ctx)
		}
	}
}
