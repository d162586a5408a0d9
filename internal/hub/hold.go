package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// A lease in the hub is a key that its holder writes again and again, each time over the
// revision that it wrote before. Whoever wants to take over has to see the same revision
// for the whole of lease.TakeOver on a clock of its own: neither the hub's clock nor how
// long it was away matters.

// holder is the value of a lease.
type holder struct {
	Worker string        `json:"worker"`
	Term   string        `json:"term"` // of this holding, different for each
	TTL    time.Duration `json:"ttl_ns"`
	Beat   uint64        `json:"beat"` // makes each renewal another value
	Row    string        `json:"row"`
	// Journal is the last copy of the row's journal, so that it is fenced as well.
	Journal *Copy `json:"journal,omitempty"`
}

// HeldError says that another worker has the lease, and when to look again.
type HeldError struct {
	By   string
	Wait time.Duration
}

func (e *HeldError) Error() string { return "worker " + e.By + " has the accounts" }

// sighting is a revision that was seen, and when first.
type sighting struct {
	rev   uint64
	since time.Duration
}

// Taker takes leases for one worker. Safe for concurrent use.
type Taker struct {
	hub    *Hub
	worker string
	ttl    time.Duration
	clock  lease.Clock

	mu    sync.Mutex
	seen  map[string]sighting
	store storeSighting
}

// NewTaker makes one; a nil clock is lease.Boot.
func (h *Hub) NewTaker(worker string, ttl time.Duration, clock lease.Clock) *Taker {
	if clock == nil {
		clock = lease.Boot
	}
	return &Taker{hub: h, worker: worker, ttl: ttl, clock: clock, seen: make(map[string]sighting)}
}

// Hold is leases that are held together, and the lease.Lease that they make.
type Hold struct {
	*lease.Lease
	// TakenOver: somebody who did not give one of them back had it before; Journal is
	// the copy of the row's journal that he left, nil for none.
	TakenOver bool
	Journal   *Copy

	t     *Taker
	keys  []string // sorted
	mu    sync.Mutex
	revs  map[string]uint64
	value holder
	ended bool

	stop chan struct{}
	over sync.WaitGroup
}

// Take takes the leases of a row, all or none. The error is a *HeldError when another
// worker has one.
func (t *Taker) Take(ctx context.Context, r *Row) (*Hold, error) {
	sent := t.clock()
	h := &Hold{
		t: t, keys: slices.Compact(slices.Sorted(slices.Values(r.Locks))), revs: make(map[string]uint64), stop: make(chan struct{}),
		value: holder{Worker: t.worker, Term: Digest(t.worker, r.ID, time.Now().String(), fmt.Sprint(sent)), TTL: t.ttl, Row: r.ID},
	}
	before, err := t.look(ctx, h.keys)
	if err != nil {
		return nil, err
	}
	for _, key := range h.keys {
		rev, err := t.take(ctx, key, h.value, before[key])
		if err != nil {
			h.giveBack(ctx, before)
			return nil, err
		}
		h.revs[key] = rev
		if b := before[key]; b != nil {
			h.TakenOver = true
			if b.Row == r.ID && b.Journal != nil {
				h.Journal = b.Journal
			}
		}
	}
	h.value.Journal = h.Journal
	h.Lease = lease.New(t.ttl, sent, t.clock)
	h.over.Go(h.keep)
	return h, nil
}

// left is a lease that its holder did not give back.
type left struct {
	holder
	rev  uint64
	data []byte
}

// look returns those of the leases that may be taken over. It looks at all of them, so
// that the time of all runs from then on.
func (t *Taker) look(ctx context.Context, keys []string) (map[string]*left, error) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	before := make(map[string]*left)
	var held *HeldError
	absent := false
	for _, key := range keys {
		e, err := t.hub.leases.Get(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
			absent = true
			continue
		case err != nil:
			return nil, err
		}
		l := &left{rev: e.Revision(), data: e.Value()}
		if json.Unmarshal(e.Value(), &l.holder) != nil || l.TTL <= 0 || l.TTL > time.Hour {
			l.Worker, l.TTL = "unknown", t.ttl
		}
		if wait := t.watch(key, l.rev, lease.TakeOver(max(l.TTL, t.ttl))); wait > 0 && (held == nil || wait > held.Wait) {
			held = &HeldError{By: l.Worker, Wait: wait}
		}
		before[key] = l
	}
	if absent && held == nil {
		wait, err := t.otherStore(ctx)
		if err != nil {
			return nil, err
		}
		if wait > 0 {
			held = &HeldError{By: "of the hub's store before", Wait: wait}
		}
	}
	if held != nil {
		return nil, held
	}
	return before, nil
}

// take takes one lease, over what was left there, if anything was.
func (t *Taker) take(ctx context.Context, key string, mine holder, before *left) (rev uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	data, err := json.Marshal(mine)
	if err != nil {
		return 0, err
	}
	if before == nil {
		rev, err = t.hub.leases.Create(ctx, key, data)
	} else {
		rev, err = t.hub.leases.Update(ctx, key, data, before.rev)
	}
	if refused(err) {
		return 0, &HeldError{By: "that was faster", Wait: lease.RenewEvery(t.ttl)}
	}
	if err == nil {
		t.forget(key)
	}
	return rev, err
}

// watch notes a revision of a lease, and returns for how much longer it has to stay the
// same before the lease may be taken over.
func (t *Taker) watch(key string, rev uint64, long time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.clock()
	s, ok := t.seen[key]
	if !ok || s.rev != rev {
		s = sighting{rev, at}
		t.seen[key] = s
	}
	return max(s.since+long-at, 0)
}

func (t *Taker) forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, key)
}

// keep renews the leases until they are given back or lost.
func (h *Hold) keep() {
	tick := time.NewTicker(lease.RenewEvery(h.t.ttl))
	defer tick.Stop()
	// A hub that comes back on another store may grant the lease to somebody else.
	back := h.t.hub.nc.StatusChanged(nats.CONNECTED)
	defer h.t.hub.nc.RemoveStatusListener(back)
	for {
		select {
		case <-tick.C:
			h.Renew(context.Background())
		case _, open := <-back:
			if !open { // the connection was closed for good
				back = nil
				continue
			}
			h.Renew(context.Background())
		case <-h.stop:
			return
		case <-h.Over():
			return
		}
	}
}

// Renew renews now. It ends the lease when the hub says that it is another's; where the
// hub does not answer, it stays valid until its time is over.
func (h *Hold) Renew(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || h.Check() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, max(lease.RenewEvery(h.t.ttl), 200*time.Millisecond))
	defer cancel()
	sent := h.Now()
	h.value.Beat++
	data, err := json.Marshal(h.value)
	if err != nil {
		return // values of ours
	}
	for _, key := range h.keys {
		rev, err := h.t.hub.leases.Update(ctx, key, data, h.revs[key])
		switch {
		case refused(err):
			if !h.adopt(ctx, key) {
				return
			}
			return // the next renewal is the one that counts
		case err != nil:
			return
		}
		h.revs[key] = rev
	}
	h.Renewed(sent)
}

// adopt takes the revision of a renewal that was written though its answer was lost; a
// value of somebody else ends the lease. h.mu is held.
func (h *Hold) adopt(ctx context.Context, key string) bool {
	e, err := h.t.hub.leases.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		h.Lose("the hub does not know it any more")
		return false
	case err != nil:
		return false
	}
	var now holder
	if json.Unmarshal(e.Value(), &now) != nil || now.Term != h.value.Term {
		h.Lose("worker " + now.Worker + " has taken over")
		return false
	}
	h.revs[key] = e.Revision()
	return true
}

// SetJournal names the newest copy of the row's journal with the next renewal, which is
// made at once.
func (h *Hold) SetJournal(ctx context.Context, c *Copy) {
	h.mu.Lock()
	h.value.Journal = c
	h.mu.Unlock()
	h.Renew(ctx)
}

// Close gives the leases back: others may have them at once, so nothing may be under way
// any more.
func (h *Hold) Close(ctx context.Context) {
	h.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.giveBack(ctx, nil)
}

// Abandon leaves the leases to run out: something may still be under way.
func (h *Hold) Abandon() { h.end() }

func (h *Hold) end() {
	h.mu.Lock()
	first := !h.ended
	h.ended = true
	h.mu.Unlock()
	if first {
		close(h.stop)
		h.Lose("it was given back")
	}
	h.over.Wait()
}

// giveBack gives back what was taken. What somebody had left there before is put back when
// nothing was done about it.
func (h *Hold) giveBack(ctx context.Context, before map[string]*left) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), opTime)
	defer cancel()
	for key, rev := range h.revs { // where that fails it runs out
		if b := before[key]; b != nil {
			_, _ = h.t.hub.leases.Update(ctx, key, b.data, rev)
			continue
		}
		_ = h.t.hub.leases.Delete(ctx, key, jetstream.LastRevision(rev))
	}
}
