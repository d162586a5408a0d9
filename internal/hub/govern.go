package hub

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// What a host bears is one value in the hub for each host, with a part for each worker.
// A part is only ever raised by what nobody else has, over the revision that was read, so
// the parts together are never more than the whole, whoever is late, slow or away.

// Slice is how long what was granted holds before it is looked at again.
const Slice = 2 * time.Second

// silentConnections is how long connections of a worker that says nothing are counted: a
// server may keep them for so long (RFC 9051, 5.4, autologout).
const silentConnections = 30 * time.Minute

// hostParts is the value of a host.
type hostParts struct {
	Host  string           `json:"host"`
	Parts map[string]*part `json:"parts"`
	// RestUntil is until when the host has asked for a rest.
	RestUntil time.Time `json:"calm,omitzero"`
}

// part is what a worker has of a host.
type part struct {
	Beat uint64 `json:"beat"`
	// Rows are those that the worker runs there, Connections what they may open.
	Rows        int `json:"rows"`
	Connections int `json:"connections"`
	// Share is the part of the bytes and messages a second.
	Share float64 `json:"share"`
}

// Rates carries out what is granted, in the process of the worker.
type Rates interface {
	// SetShare: runs with the host have so much of their limits, from 0 to 1, from now on.
	SetShare(host string, share float64)
	// Rest: nobody asks the host for anything until then.
	Rest(host string, until time.Time)
	// Resting is until when the host has asked for a rest, as far as is known here.
	Resting(host string) time.Time
}

// Governor has one worker's parts of all hosts. Safe for concurrent use.
type Governor struct {
	hub    *Hub
	worker string
	ttl    time.Duration
	clock  lease.Clock
	rates  Rates

	mu    sync.Mutex
	hosts map[string]*hostPart
	// silent are parts of others by host and worker, and since when they say nothing.
	silent map[[2]string]sighting
}

// hostPart is what this worker has of a host.
type hostPart struct {
	turn sync.Mutex // one change at a time
	part            // Beat is of no use here; guarded by Governor.mu where it is changed
	// heard is when the hub last answered; quartered: it is away, and the share is cut.
	heard     time.Duration
	quartered bool
}

// NewGovernor makes the governor of a worker; a nil clock is lease.Boot.
func (h *Hub) NewGovernor(worker string, ttl time.Duration, rates Rates, clock lease.Clock) *Governor {
	if clock == nil {
		clock = lease.Boot
	}
	return &Governor{hub: h, worker: worker, ttl: ttl, clock: clock, rates: rates, hosts: make(map[string]*hostPart), silent: make(map[[2]string]sighting)}
}

// ErrNoRoom says that a host has no connection left.
var ErrNoRoom = errors.New("the host has no connection left")

// Enter begins a row with a host, with at most want connections of those that all workers
// may have, most; 0 is any number. It returns how many it has. ErrNoRoom: there is none.
func (g *Governor) Enter(ctx context.Context, host string, want, most int) (int, error) {
	got := 0
	err := g.change(ctx, host, func(p *part, others int) error {
		got = want
		if most > 0 {
			got = min(want, most-others-p.Connections)
		}
		if got <= 0 {
			return ErrNoRoom
		}
		p.Rows++
		p.Connections += got
		return nil
	})
	if err != nil {
		return 0, err
	}
	return got, nil
}

// Leave ends a row that has so many connections, which are closed.
func (g *Governor) Leave(ctx context.Context, host string, connections int) {
	_ = g.change(ctx, host, func(p *part, _ int) error { // else Keep writes it
		p.Rows--
		p.Connections -= connections
		return nil
	})
}

// Share is how much this worker has of a host's limits.
func (g *Governor) Share(host string) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.hosts[host]; p != nil {
		return p.Share
	}
	return 0
}

// Keep looks at all parts once, to be called every Slice: it gives others what is theirs,
// takes what is free, and does with a quarter where the hub does not answer.
func (g *Governor) Keep(ctx context.Context) {
	g.mu.Lock()
	hosts := make([]string, 0, len(g.hosts))
	for host := range g.hosts {
		hosts = append(hosts, host)
	}
	g.mu.Unlock()
	var wait sync.WaitGroup
	for _, host := range hosts {
		wait.Go(func() { _ = g.change(ctx, host, func(*part, int) error { return nil }) })
	}
	wait.Wait()
}

// had reports whether the hub knows of a part of this worker, from before it was started.
func (g *Governor) had(ctx context.Context) bool {
	found := false
	_ = scan(ctx, g.hub.hosts, func(_ string, p hostParts) { // else it is found out with the first row
		found = found || p.Parts[g.worker] != nil
	})
	return found
}

func (g *Governor) of(host string) *hostPart {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.hosts[host]
	if p == nil {
		p = &hostPart{}
		g.hosts[host] = p
	}
	return p
}

// change changes this worker's part of a host. do is told how many connections others
// have; it may be called several times, and what it does counts only when it is written.
func (g *Governor) change(ctx context.Context, host string, do func(p *part, others int) error) error {
	p := g.of(host)
	p.turn.Lock()
	defer p.turn.Unlock()
	ctx, cancel := context.WithTimeout(ctx, Slice)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		var again bool
		if again, err = g.attempt(ctx, host, p, do); !again {
			break
		}
	}
	if err == nil || errors.Is(err, ErrNoRoom) {
		return err
	}
	g.away(host, p)
	// What was closed is closed, whether the hub knows or not.
	q := p.part
	if do(&q, 0) == nil && q.Rows < p.Rows {
		g.set(p, q)
	}
	return err
}

func (g *Governor) set(p *hostPart, q part) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.part = q
}

// away does with a quarter when the hub has not answered for longer than a slice.
func (g *Governor) away(host string, p *hostPart) {
	if p.quartered || g.clock()-p.heard <= Slice || p.heard == 0 {
		return
	}
	p.quartered = true
	g.rates.SetShare(host, p.Share/4)
}

// attempt is one try of change; again: somebody else was faster.
func (g *Governor) attempt(ctx context.Context, host string, p *hostPart, do func(*part, int) error) (again bool, err error) {
	key := Digest(host)
	e, err := g.hub.hosts.Get(ctx, key)
	all := hostParts{}
	var rev uint64
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
	case err != nil:
		return false, err
	default:
		rev = e.Revision()
		_ = json.Unmarshal(e.Value(), &all) // what is no value of ours is replaced
	}
	if all.Parts == nil {
		all.Parts = make(map[string]*part)
	}
	connections, rows, shares := g.others(host, all.Parts)
	q := p.part
	if err := do(&q, connections); err != nil {
		p.heard = g.clock()
		return false, err
	}
	fair := 0.0
	if q.Rows > 0 {
		fair = float64(q.Rows) / float64(q.Rows+rows)
	}
	q.Share = min(fair, max(1-shares, 0))
	if q.Share < p.Share { // before others may have it
		lower := p.part
		lower.Share = q.Share
		g.set(p, lower)
		g.rates.SetShare(host, q.Share)
	}
	changed := g.calm(host, &all)
	all.Host = host
	if q.Rows == 0 && q.Connections == 0 {
		changed = changed || all.Parts[g.worker] != nil
		delete(all.Parts, g.worker)
	} else { // also when it is as it was, as a sign of life
		changed = true
		q.Beat++
		all.Parts[g.worker] = &q
	}
	if changed {
		data, err := json.Marshal(all)
		if err != nil {
			return false, err
		}
		if rev == 0 {
			_, err = g.hub.hosts.Create(ctx, key, data)
		} else {
			_, err = g.hub.hosts.Update(ctx, key, data, rev)
		}
		if refused(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	g.set(p, q)
	p.heard, p.quartered = g.clock(), false
	g.rates.SetShare(host, q.Share)
	return false, nil
}

// others sums up the parts of the other workers, without those of which nothing was heard
// for too long.
func (g *Governor) others(host string, parts map[string]*part) (connections, rows int, shares float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.clock()
	for name, x := range parts {
		if name == g.worker || x == nil {
			continue
		}
		id := [2]string{host, name}
		s, ok := g.silent[id]
		if !ok || s.rev != x.Beat {
			s = sighting{x.Beat, at}
			g.silent[id] = s
		}
		if at-s.since < silentConnections {
			connections += x.Connections
		} else {
			delete(parts, name)
			delete(g.silent, id)
			continue
		}
		if at-s.since < lease.TakeOver(g.ttl) { // later it has no lease to send anything
			rows += x.Rows
			shares += x.Share
		}
	}
	return connections, rows, shares
}

// maxRest bounds a rest that another worker tells of.
const maxRest = 24 * time.Hour

// calm brings together until when the host rests; it reports whether the hub is to know.
func (g *Governor) calm(host string, all *hostParts) bool {
	here := g.rates.Resting(host)
	there := all.RestUntil.Add(-g.hub.ahead()) // by this machine's clock
	if there.After(here) && time.Until(there) < maxRest {
		g.rates.Rest(host, there)
	}
	if here.After(there) && time.Until(here) > 0 {
		all.RestUntil = here.Add(g.hub.ahead()).UTC()
		return true
	}
	return false
}
