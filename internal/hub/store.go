package hub

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// A hub that was started on another store, or on an older copy of its own, does not know
// of leases whose holders still count on them. So a lease that is not there says nothing
// for as long as such holders may go on.

// storeSighting is what a taker saw of the bucket of leases, and since when it is this one.
type storeSighting struct {
	made    time.Time // by the hub's clock: a name of the store, no time
	written uint64    // how often it was written, which does not grow less
	since   time.Duration
	changed bool // it took the place of another one while this worker looked on
}

// otherStore returns for how much longer leases of another store may be held, as far as
// this worker can know: 0 where it has always seen this one.
func (t *Taker) otherStore(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	status, err := t.hub.leases.Status(ctx)
	if err != nil {
		return 0, err
	}
	bucket, ok := status.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return 0, nil
	}
	made, written := bucket.StreamInfo().Created, bucket.StreamInfo().State.LastSeq
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.store
	switch {
	case s.made.IsZero():
		*s = storeSighting{made: made, written: written, since: t.clock()}
	case !made.Equal(s.made) || written < s.written:
		*s = storeSighting{made: made, written: written, since: t.clock(), changed: true}
	}
	s.written = max(s.written, written)
	if !s.changed {
		return 0, nil
	}
	return max(s.since+lease.TakeOver(t.ttl)-t.clock(), 0), nil
}

// rejoin begins to take rows again; where the hub is away it is tried again.
func (w *Worker) rejoin(ctx context.Context) {
	err := w.queue.join(ctx)
	if nothing := errors.Is(err, jetstream.ErrStreamNotFound); nothing && !w.lost.Swap(true) {
		w.Say("Warning: the hub has no list any more: it seems to have been started on another store. The worker waits for a list.")
	} else if err == nil {
		w.lost.Store(false)
	}
}
