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
	k.keeping.Lock()
	defer k.keeping.Unlock()
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

// watchBeside keeps the pair's other link alive until the function returned is called,
// where nobody else uses that one: one side may answer a single command for minutes.
func (k *Link) watchBeside(ctx context.Context) func() {
	other := k.beside
	if other == nil {
		return func() {}
	}
	done, over := make(chan struct{}), make(chan struct{})
	t := time.AfterFunc(k.Account.control.Idle(), func() {
		defer close(over)
		other.KeepAlive(ctx)
		other.WatchOver(ctx, done)
	})
	return func() {
		close(done)
		if !t.Stop() {
			<-over
		}
	}
}
