package engine

import (
	"context"
	"errors"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/lease"
)

// A run that holds its accounts by leases changes nothing without them: each write of
// a connection asks (imapwire.Gate), and so does each transaction of the journal.

// fence is the leases that a run has to hold to change anything; on: there are, or will
// be, any, of which ttl is the shortest time.
type fence struct {
	leases lease.Set
	on     bool
	ttl    time.Duration
}

// prepareLease finds out which leases the run will need, before anything is connected.
func (r *run) prepareLease() {
	if r.p.Dry {
		return // changes nothing
	}
	if l := r.o.Lease; l != nil {
		r.fence.leases.Add(l)
		r.fence.on, r.fence.ttl = true, l.TTL()
	}
	if r.sharesJournal() {
		r.fence.on = true
		if ttl := r.sharedTTL(); r.fence.ttl == 0 || ttl < r.fence.ttl {
			r.fence.ttl = ttl
		}
	}
}

// sharesJournal reports whether other machines use the volume of the journal.
func (r *run) sharesJournal() bool {
	p := &r.p.Journal
	if !p.Enabled || r.p.Dry || r.p.Folders.PrintMap != "" {
		return false
	}
	if p.Shared != nil {
		return *p.Shared
	}
	dir, err := r.journalDir()
	return err == nil && journal.OnSharedVolume(dir)
}

func (r *run) sharedTTL() time.Duration {
	if r.o.SharedTTL > 0 {
		return r.o.SharedTTL
	}
	return journal.SharedTTL
}

// watchLease returns a context that ends with the first lease that is over, which
// interrupts whatever waits for a server. The function returned ends the watch.
func (r *run) watchLease(ctx context.Context) (context.Context, func()) {
	if !r.fence.on {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	watching := make(chan struct{})
	watch, end := context.WithCancel(ctx)
	go func() {
		defer close(watching)
		if err := r.fence.leases.Watch(watch); err != nil {
			r.leaseOver()
			cancel(err)
		}
	}()
	return ctx, func() {
		end()
		<-watching
		cancel(nil)
	}
}

// leaseOver reports whether a lease of the run is over, which is the reason of its end
// from then on.
func (r *run) leaseOver() bool {
	if !r.fence.on || r.fence.leases.Check() == nil {
		return false
	}
	r.control.StopFor(event.StopLease)
	return errors.Is(r.fence.leases.Check(), lease.ErrOver)
}
