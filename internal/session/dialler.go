package session

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// dialEvery is the shortest time between two attempts to open a pair: some
	// servers count new connections by the minute.
	dialEvery = 200 * time.Millisecond
	// lossesPerPair lost connections end the dialling: pairs that do not last are
	// not worth their logins.
	lossesPerPair = 3
)

// Dialler opens the pairs beside the main one, while that works: one at a time,
// and after the first refusal none any more.
type Dialler struct {
	control  *Control
	backoff  *Backoff
	src, dst *Account
	asked    int // --connections
	// Most is how many pairs there may be, the main one included.
	Most int
	// Fresh are open pairs that nobody has taken yet.
	Fresh  chan *Pair
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	want    int // pairs wanted, the main one included
	have    int // pairs there are
	losses  int
	busy    bool
	full    bool
	nextAt  time.Time
	limited bool // the reason is told
}

// NewDialler finds out how many pairs there may be: no more than asked for, and
// than either server bears. They are dialled until ctx ends.
func NewDialler(ctx context.Context, r Run, src, dst *Account, asked int) *Dialler {
	d := &Dialler{control: r.Control, backoff: r.Backoff, src: src, dst: dst, asked: asked, Most: asked, have: 1, want: 1}
	for _, s := range []*Account{src, dst} {
		limit := s.Profile.Connections
		each := ""
		if d.oneServer() {
			limit, each = limit/2, ", which is both hosts"
		}
		if limit = max(limit, 1); limit < d.Most {
			d.Most = limit
			d.control.Note(fmt.Sprintf("--connections %d: %d are used, which is what %s bears (host%d%s; %s, %s)",
				asked, limit, s.Profile.Name, s.N, each, s.Profile.Source, s.Profile.Date))
		}
	}
	d.Fresh = make(chan *Pair, d.Most)
	d.ctx, d.cancel = context.WithCancel(ctx)
	return d
}

// oneServer reports whether both accounts are on one server that counts the
// connections of both together.
func (d *Dialler) oneServer() bool {
	a, b := d.src, d.dst
	return a.Plan.Host == b.Plan.Host && a.Config.Port == b.Config.Port && (a.Plan.User == b.Plan.User || a.Profile.PerAddress)
}

// Ask wants n pairs in all, as far as there may be so many.
func (d *Dialler) Ask(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = max(d.want, min(n, d.Most))
	d.start()
}

// Lost tells that a pair is gone; another one takes its place.
func (d *Dialler) Lost() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
	if d.losses++; d.losses >= lossesPerPair*d.Most {
		d.full = true
	}
	d.start()
}

// Retire tells that a pair is gone: the servers want fewer. How many there may be
// is looked up when more are asked for, see turn.
func (d *Dialler) Retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
}

// start begins to dial, unless somebody does. d.mu is held.
func (d *Dialler) start() {
	if d.busy || d.full || d.have >= d.want || d.ctx.Err() != nil {
		return
	}
	d.busy = true
	d.work.Go(d.dial)
}

// dial opens pairs as long as there are too few.
func (d *Dialler) dial() {
	for d.turn() {
		l := &Pair{Src: &Link{Account: d.src}, Dst: &Link{Account: d.dst}}
		err := l.open(d.ctx)
		if err == nil {
			d.Fresh <- l // there is room for as many as there may be
			continue
		}
		l.Close(d.ctx)
		d.refused(err)
	}
}

// turn waits for the time of the next attempt, and reports whether there is to be
// one.
func (d *Dialler) turn() bool {
	if d.control.Sleep(d.ctx, time.Until(d.nextAt)) != nil || d.backoff.Wait(d.ctx) != nil {
		d.end()
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full || d.have >= d.want || d.have >= d.backoff.Connections(d.Most) || !d.src.Governor.Room() || !d.dst.Governor.Room() || d.control.Stopping() {
		d.busy = false
		return false
	}
	d.have++
	d.nextAt = time.Now().Add(d.control.PauseOr(1, dialEvery))
	return true
}

func (d *Dialler) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
}

// refused tells once why there are no more pairs. Whatever the server gives as
// its reason, the same account is at work on other connections: it is their
// number.
func (d *Dialler) refused(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
	d.full = true
	if d.ctx.Err() != nil || d.limited {
		return
	}
	d.limited = true
	limit := ""
	if n := d.limitIn(err); n > 0 {
		limit = fmt.Sprintf(" (the server's limit is %d)", n)
	}
	d.control.Warn(fmt.Sprintf("--connections %d: no more than %d can be opened%s: %s", d.asked, d.have, limit, ServerWords(err)))
}

// limitIn is the number of connections that a refusal of either server names, 0
// if it names none.
func (d *Dialler) limitIn(err error) int {
	refusal, ok := RefusalIn(err)
	if !ok {
		return 0
	}
	return d.dst.Classify(refusal).Limit
}

// Close ends the dialling and returns the pairs that nobody took.
func (d *Dialler) Close() (left []*Pair) {
	d.cancel()
	d.work.Wait()
	for {
		select {
		case l := <-d.Fresh:
			left = append(left, l)
		default:
			return left
		}
	}
}
