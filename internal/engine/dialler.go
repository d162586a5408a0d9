package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// dialEvery is the shortest time between two attempts to open a lane: some
	// servers count new connections by the minute.
	dialEvery = 200 * time.Millisecond
	// lossesPerLane lost connections end the dialling: lanes that do not last are
	// not worth their logins.
	lossesPerLane = 3
)

// dialler opens the lanes beside the main one, while that works: one at a time,
// and after the first refusal none any more.
type dialler struct {
	run *run
	// most is how many lanes there may be, the main one included.
	most int
	// fresh are open lanes that nobody has taken yet.
	fresh  chan *lane
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	want    int // lanes wanted, the main one included
	have    int // lanes there are
	losses  int
	busy    bool
	full    bool
	nextAt  time.Time
	limited bool // the reason is told
}

// newDialler finds out how many lanes there may be: no more than asked for, and
// than either server bears.
func (r *run) newDialler(ctx context.Context) *dialler {
	d := &dialler{run: r, most: r.p.Transfer.Connections, have: 1, want: 1}
	for _, s := range []*side{r.src, r.dst} {
		limit := s.profile.Connections
		each := ""
		if r.oneServer() {
			limit, each = limit/2, ", which is both hosts"
		}
		if limit = max(limit, 1); limit < d.most {
			d.most = limit
			r.note(fmt.Sprintf("--connections %d: %d are used, which is what %s bears (host%d%s; %s, %s)",
				r.p.Transfer.Connections, limit, s.profile.Name, s.n, each, s.profile.Source, s.profile.Date))
		}
	}
	d.fresh = make(chan *lane, d.most)
	d.ctx, d.cancel = context.WithCancel(ctx)
	return d
}

// oneServer reports whether both accounts are on one server that counts the
// connections of both together.
func (r *run) oneServer() bool {
	a, b := r.src, r.dst
	return a.acct.Host == b.acct.Host && a.cfg.Port == b.cfg.Port && (a.acct.User == b.acct.User || a.profile.PerAddress)
}

// ask wants n lanes in all, as far as there may be so many.
func (d *dialler) ask(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = max(d.want, min(n, d.most))
	d.start()
}

// lost tells that a lane is gone; another one takes its place.
func (d *dialler) lost() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
	if d.losses++; d.losses >= lossesPerLane*d.most {
		d.full = true
	}
	d.start()
}

// retire tells that a lane is gone: the servers want fewer. How many there may be
// is looked up when more are asked for, see turn.
func (d *dialler) retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
}

// start begins to dial, unless somebody does. d.mu is held.
func (d *dialler) start() {
	if d.busy || d.full || d.have >= d.want || d.ctx.Err() != nil {
		return
	}
	d.busy = true
	d.work.Go(d.dial)
}

// dial opens lanes as long as there are too few.
func (d *dialler) dial() {
	for d.turn() {
		l := &lane{src: &link{run: d.run, side: d.run.src}, dst: &link{run: d.run, side: d.run.dst}}
		err := l.open(d.ctx)
		if err == nil {
			d.fresh <- l // there is room for as many as there may be
			continue
		}
		l.close(d.ctx)
		d.refused(err)
	}
}

// turn waits for the time of the next attempt, and reports whether there is to be
// one.
func (d *dialler) turn() bool {
	if d.run.control.Sleep(d.ctx, time.Until(d.nextAt)) != nil || d.run.backoff.Wait(d.ctx) != nil {
		d.end()
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full || d.have >= d.want || d.have >= d.run.backoff.Connections(d.most) || !d.run.src.governor.Room() || !d.run.dst.governor.Room() || d.run.stopping() {
		d.busy = false
		return false
	}
	d.have++
	d.nextAt = time.Now().Add(d.run.control.PauseOr(1, dialEvery))
	return true
}

func (d *dialler) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
}

// refused tells once why there are no more lanes. Whatever the server gives as
// its reason, the same account is at work on other connections: it is their
// number.
func (d *dialler) refused(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have--
	d.full = true
	if d.ctx.Err() != nil || d.limited {
		return
	}
	d.limited = true
	limit := ""
	if n := d.run.limitIn(err); n > 0 {
		limit = fmt.Sprintf(" (the server's limit is %d)", n)
	}
	d.run.warn(fmt.Sprintf("--connections %d: no more than %d can be opened%s: %s", d.run.p.Transfer.Connections, d.have, limit, serverWords(err)))
}

// limitIn is the number of connections that a refusal of either server names, 0
// if it names none.
func (r *run) limitIn(err error) int {
	refusal, ok := refusalIn(err)
	if !ok {
		return 0
	}
	return r.dst.classify(refusal).Limit
}

// close ends the dialling and returns the lanes that nobody took.
func (d *dialler) close() (left []*lane) {
	d.cancel()
	d.work.Wait()
	for {
		select {
		case l := <-d.fresh:
			left = append(left, l)
		default:
			return left
		}
	}
}

// prospect begins to dial before the first folder is compared, when the numbers
// of messages in the folders show that there is much to copy.
func (r *run) prospect() {
	missing := 0
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		if _, known := r.j.Folder(row.From, row.To).State(); known {
			continue
		}
		n1, told := r.src.messages(row.From)
		n2, _ := r.dst.messages(row.To)
		if told && n1 > n2 {
			missing += int(n1 - n2)
		}
	}
	r.dialler.ask(missing / sharePays)
}

// open logs in on both sides.
func (l *lane) open(ctx context.Context) error {
	var wg sync.WaitGroup
	var errs [2]error
	for i, k := range []*link{l.src, l.dst} {
		wg.Go(func() { k.conn, errs[i] = k.side.login(ctx, nil) })
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}
