package batch

import (
	"container/heap"
	"context"
	"maps"
	"math"
	"slices"
	"time"
)

// Job is a row that can be run.
type Job struct {
	Row      Row
	Accounts Accounts
	// Hosts are the names of both servers, by which connections are counted.
	Hosts [2]string
}

// Result is how one run of a row ended.
type Result struct {
	Code int
	// Resume is when a limit of today is over, zero when nobody told.
	Resume time.Time
	// Moved: it copied something.
	Moved bool
}

// Plan is what is run, and how.
type Plan struct {
	Jobs []Job
	// AtOnce is how many rows run at the same time, at least 1.
	AtOnce int
	// Run runs a row; try counts from 1. It returns soon after ctx ended.
	Run func(ctx context.Context, j *Job, try int) Result
	// Ended is told, one call at a time, what a row's run came to and what follows.
	Ended func(j *Job, try int, r Result, next Next, pause time.Duration)
	// Slots is how many rows may use a server at the same time, 0 for any number. It
	// may change while rows run.
	Slots func(host string) int
	// Readers is how many rows may read one account of a server at the same time, as
	// Slots.
	Readers func(host string) int
	// Pause replaces the pauses before a row is tried again, for tests; nil: they are kept.
	Pause func(time.Duration) time.Duration
	// Once: no row is tried again.
	Once bool
	// Stop is closed when nothing new is to begin.
	Stop <-chan struct{}
}

// Do runs all rows. It returns when none is left that this call could run, or what
// was running after Stop has ended.
func Do(ctx context.Context, p Plan) {
	d := &dispatcher{plan: p, ctx: ctx, locks: make(map[string]*lock), counted: make(map[string]bool), ended: make(chan ending)}
	for i := range p.Jobs {
		d.ready = append(d.ready, &attempt{job: &p.Jobs[i], place: i, try: 1})
	}
	heap.Init(&d.ready)
	d.loop()
}

// countAgain is how often it is looked whether a server turned out to bear more rows than
// was known when they began to wait.
const countAgain = 250 * time.Millisecond

// asGoodAsEnded is how long all others have to wait for those to be run that come at the end:
// a day's limit may be waited for through weeks.
const asGoodAsEnded = time.Hour

// attempt is a row that runs, or is to run.
type attempt struct {
	job   *Job
	place int
	try   int
	// since is how often it ran, with this time, since a run did what a day's limit allows.
	since int
	late  bool      // it was put behind all others once
	at    time.Time // not before
}

type ending struct {
	a *attempt
	r Result
}

// dispatcher decides what runs. Everything happens in loop's goroutine but the rows
// themselves. What it costs is a few map accesses a row, however many wait.
type dispatcher struct {
	plan    Plan
	ctx     context.Context
	ready   byPlace
	later   byTime
	atEnd   []*attempt
	running int
	locks   map[string]*lock
	// counted are the keys that rows wait for since a server bears no more, as far as is
	// known.
	counted map[string]bool
	ended   chan ending
	stopped bool
}

func (d *dispatcher) loop() {
	stop := d.plan.Stop
	for {
		d.start()
		if d.running == 0 && (d.stopped || len(d.later) == 0 && len(d.atEnd) == 0) {
			return
		}
		if d.running == 0 && len(d.atEnd) > 0 && (len(d.later) == 0 || time.Until(d.later[0].at) >= asGoodAsEnded) {
			// All others have ended: now those that are tried once more.
			for _, a := range d.atEnd {
				heap.Push(&d.ready, a)
			}
			d.atEnd = nil
			continue
		}
		var timer, again <-chan time.Time
		if len(d.later) > 0 && !d.stopped {
			timer = time.After(time.Until(d.later[0].at))
		}
		if len(d.counted) > 0 && d.running < d.plan.AtOnce && !d.stopped {
			again = time.After(countAgain)
		}
		select {
		case <-again:
			// By now more may be known of what a server bears.
			for _, key := range slices.Sorted(maps.Keys(d.counted)) {
				d.wake(key)
			}
		case e := <-d.ended:
			d.finish(e)
		case <-timer:
			now := time.Now()
			for len(d.later) > 0 && !d.later[0].at.After(now) {
				a, _ := heap.Pop(&d.later).(*attempt)
				heap.Push(&d.ready, a)
			}
		case <-stop:
			d.stopped, stop = true, nil
		case <-d.ctx.Done():
			d.stopped = true
			for d.running > 0 {
				d.finish(<-d.ended)
			}
			return
		}
	}
}

// start runs what may run.
func (d *dispatcher) start() {
	for !d.stopped && d.running < d.plan.AtOnce && len(d.ready) > 0 {
		a, _ := heap.Pop(&d.ready).(*attempt)
		d.begin(a)
	}
}

// begin runs a row, or has it wait for what another one holds.
func (d *dispatcher) begin(a *attempt) {
	needs := a.job.needs()
	for i, n := range needs {
		l := d.lock(n.key)
		if d.free(l, n) {
			continue
		}
		l.waiting = append(l.waiting, waiter{a, n})
		if n.host != "" || n.server != "" {
			d.counted[n.key] = true
		}
		for _, other := range needs[:i] {
			d.wake(other.key) // who waits for that need not wait for this one
		}
		return
	}
	for _, n := range needs {
		d.lock(n.key).take(n)
	}
	d.running++
	go func() { d.ended <- ending{a, d.plan.Run(d.ctx, a.job, a.try)} }()
}

// wake has those try again that wait for a key and could have it now.
func (d *dispatcher) wake(key string) {
	l := d.lock(key)
	room := 1
	if len(l.waiting) > 0 && l.waiting[0].need.host != "" {
		room = d.slots(l.waiting[0].need.host) - l.held
	}
	for len(l.waiting) > 0 && room > 0 {
		w := l.waiting[0]
		if !d.free(l, w.need) {
			break
		}
		l.waiting = l.waiting[1:]
		heap.Push(&d.ready, w.a)
		if w.need.exclusive || w.need.host != "" {
			room--
		}
	}
	if len(l.waiting) == 0 {
		delete(d.counted, key)
		if l.held == 0 {
			delete(d.locks, key)
		}
	}
}

// finish takes down how a row ended, and lets those go on that waited for it.
func (d *dispatcher) finish(e ending) {
	d.running--
	needs := e.a.job.needs()
	for _, n := range needs {
		d.lock(n.key).release()
	}
	for _, n := range needs {
		d.wake(n.key)
	}
	e.a.since++
	if e.r.Code == limitReached && e.r.Moved {
		e.a.since = 1 // as many days as it takes
	}
	next, pause := After(e.r.Code, e.a.since, e.r.Resume, time.Now())
	if next == Unfinished && !e.a.late {
		// Tries for another reason do not take its try at the end.
		if first, _ := After(e.r.Code, 1, e.r.Resume, time.Now()); first == AtEnd {
			next = AtEnd
		}
	}
	e.a.late = e.a.late || next == AtEnd
	if d.plan.Once && (next == Wait || next == AtEnd) {
		next, pause = Unfinished, 0
	}
	if d.plan.Pause != nil {
		pause = d.plan.Pause(pause)
	}
	d.plan.Ended(e.a.job, e.a.try, e.r, next, pause)
	switch next {
	case Wait:
		e.a.try++
		e.a.at = time.Now().Add(pause)
		heap.Push(&d.later, e.a)
	case AtEnd:
		e.a.try++
		d.atEnd = append(d.atEnd, e.a)
	}
}

// need is something that a running row holds: an account, alone or together with
// others that only read it, or one of a server's slots.
type need struct {
	key       string
	exclusive bool
	host      string // of a slot, "" for an account
	server    string // of an account that others may read as well
}

// needs are what a row holds while it runs, each key once.
func (j *Job) needs() []need {
	var out []need
	a := j.Accounts
	if a.To != "" {
		out = append(out, need{key: "account " + a.To, exclusive: true})
	}
	if a.From != "" && a.From != a.To {
		out = append(out, need{key: "account " + a.From, exclusive: a.Deletes1, server: j.Hosts[0]})
	}
	for i, h := range j.Hosts {
		if h != "" && (i == 0 || h != j.Hosts[0]) {
			out = append(out, need{key: "host " + h, host: h})
		}
	}
	return out
}

// lock is who holds a key, and who waits for it.
type lock struct {
	held    int
	alone   bool
	waiting []waiter
}

type waiter struct {
	a    *attempt
	need need
}

func (d *dispatcher) lock(key string) *lock {
	l := d.locks[key]
	if l == nil {
		l = new(lock)
		d.locks[key] = l
	}
	return l
}

func (d *dispatcher) free(l *lock, n need) bool {
	if n.host != "" {
		return l.held < d.slots(n.host)
	}
	return l.held == 0 || !l.alone && !n.exclusive && l.held < d.readers(n.server)
}

// readers is how many rows may read one account of a server at the same time.
func (d *dispatcher) readers(server string) int {
	if d.plan.Readers != nil {
		if n := d.plan.Readers(server); n > 0 {
			return n
		}
	}
	return math.MaxInt
}

// slots is how many rows a server bears at the same time.
func (d *dispatcher) slots(host string) int {
	if d.plan.Slots != nil {
		if n := d.plan.Slots(host); n > 0 {
			return n
		}
	}
	return math.MaxInt
}

func (l *lock) take(n need) {
	l.held++
	l.alone = n.exclusive
}

func (l *lock) release() {
	if l.held--; l.held == 0 {
		l.alone = false
	}
}

// byPlace has the row first that comes first in the list.
type byPlace []*attempt

func (q byPlace) Len() int           { return len(q) }
func (q byPlace) Less(i, j int) bool { return q[i].place < q[j].place }
func (q byPlace) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *byPlace) Push(x any) {
	if a, ok := x.(*attempt); ok {
		*q = append(*q, a)
	}
}

// Pop implements heap.Interface.
func (q *byPlace) Pop() any {
	old := *q
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return a
}

// byTime has the row first that may run first.
type byTime []*attempt

func (q byTime) Len() int           { return len(q) }
func (q byTime) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q byTime) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *byTime) Push(x any) {
	if a, ok := x.(*attempt); ok {
		*q = append(*q, a)
	}
}

// Pop implements heap.Interface.
func (q *byTime) Pop() any {
	old := *q
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return a
}
