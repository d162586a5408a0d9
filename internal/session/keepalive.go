package session

import (
	"context"
	"time"
)

// KeepAlive says NOOP on a connection on which nothing is under way, unless it did so
// not long ago, or the server wants to be left alone: what the line loses meanwhile is
// opened again. Its loss is found out by whoever needs it next.
func (k *Link) KeepAlive(ctx context.Context) {
	if k == nil {
		return
	}
	if time.Since(k.kept) < k.Account.control.Idle()/2 {
		return
	}
	if k.Account.Governor.alone() {
		return
	}
	if c := k.Conn; c != nil && c.Err() == nil && c.InFlight() == 0 {
		k.kept = time.Now()
		_ = c.Noop(ctx)
	}
}

// WatchOver keeps a link's connection alive until done is closed.
func (k *Link) WatchOver(ctx context.Context, done <-chan struct{}) {
	t := time.NewTicker(k.Account.control.Idle())
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
