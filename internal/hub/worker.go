package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/lease"
)

// Job is a row that this worker runs.
type Job struct {
	Row  Row
	Hold *Hold
	// TakenOver: another worker may have been at work until a moment ago.
	TakenOver bool
	// Connections are those that the row may open to either host.
	Connections [2]int
	// Journal is where the copy of the row's journal is, nil for none.
	Journal *Copy

	w *Worker
	n atomic.Int64
	// saved is the last copy of this run, drop those that nothing names any more.
	mu    sync.Mutex
	saved *Copy
	drop  []*Copy
}

// Outcome is what a run of a row came to.
type Outcome struct {
	// NotBegun says why the row could not be begun here and now, nil normally: nothing of
	// it was changed, and it is given back.
	NotBegun error
	Code     int
	Resume   time.Time // when a limit of the day is over; zero where none was met
	// What the run did.
	Messages, Bytes, Skipped int64
	Errors                   int
	// Journal writes the closed journal, nil for none.
	Journal func(io.Writer) error
}

// Runner runs rows.
type Runner interface {
	// Reserve says what a row would take, until done is called. An error says why nobody
	// can run this row; a *NotHereError, why this worker cannot at present.
	Reserve(*Row) (n Need, done func(), err error)
	// Run runs a row under its lease. It returns only when nothing of it is under way
	// any more. stop asks for an end in good order, the context for one at once.
	Run(ctx context.Context, j *Job, stop <-chan struct{}) Outcome
}

// Need is what a row takes.
type Need struct {
	// Connections to either host.
	Connections [2]int
	// Locks are digests of the accounts that it changes, found out from its options here:
	// whoever can write to the hub may name others in the row.
	Locks []string
}

// NotHereError says why a worker gives a row back.
type NotHereError struct{ Why string }

func (e *NotHereError) Error() string { return e.Why }

// Worker runs rows of a hub.
type Worker struct {
	Hub *Hub
	// ID is the worker's own, also when it is started again; nobody else has it.
	ID     string
	Jobs   int
	TTL    time.Duration
	Runner Runner
	Rates  Rates
	// Say tells what is done, line by line.
	Say func(string)
	// UntilEmpty ends when there is no row any more.
	UntilEmpty bool
	// Clock is that of leases; nil is lease.Boot.
	Clock lease.Clock
	// Pause replaces the pauses before a row is tried again, for tests; nil: they are
	// made.
	Pause func(time.Duration) time.Duration

	queue *Queue
	taker *Taker
	gov   *Governor
	lost  atomic.Bool // it was told that the hub has no list
	newer atomic.Bool // it was told that there are rows of a newer version
	// unnoticed waits until servers know of connections that were closed without a word.
	unnoticed func(context.Context)
}

const (
	// fetchWait is how long a row is waited for at a time.
	fetchWait = 2 * time.Second
	// longestPark is how long the hub keeps a row that waits, at a time.
	longestPark = time.Hour
	// checkpoint is how often the journal of a row is copied.
	checkpoint = 30 * time.Second
)

// Run works until stop is closed, and what runs then has ended in good order; the context
// ends it at once.
func (w *Worker) Run(ctx context.Context, stop <-chan struct{}) error {
	var err error
	for {
		if w.queue, err = w.Hub.Queue(ctx, w.TTL); err == nil {
			break
		}
		select {
		case <-time.After(time.Second): // the hub may be starting
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if w.unnoticed == nil {
		w.unnoticed = func(ctx context.Context) { nap(ctx, min(Slice, w.TTL/2)) }
	}
	w.Hub.measure(ctx)
	if off := w.Hub.ahead(); off != 0 {
		w.Say(fmt.Sprintf("Warning: this machine's clock and the hub's differ by %v. Times of rows are by the hub's.", off.Abs()))
	}
	w.taker = w.Hub.NewTaker(w.ID, w.TTL, w.Clock)
	_, _ = w.taker.otherStore(ctx) // what it is until now; without an answer the first row is asked with
	w.gov = w.Hub.NewGovernor(w.ID, w.TTL, w.Rates, w.Clock)
	governing, end := context.WithCancel(context.WithoutCancel(ctx))
	var governed sync.WaitGroup
	governed.Go(func() {
		tick := time.NewTicker(Slice)
		defer tick.Stop()
		compare := time.NewTicker(measureEvery)
		defer compare.Stop()
		for {
			select {
			case <-tick.C:
				w.gov.Keep(governing)
			case <-compare.C:
				w.Hub.measure(governing)
			case <-governing.Done():
				return
			}
		}
	})
	if w.gov.had(ctx) { // it was killed: servers see its connections end in a moment
		select {
		case <-time.After(min(Slice, w.TTL)):
		case <-stop:
		case <-ctx.Done():
		}
	}
	empty := make(chan struct{})
	emptied := sync.OnceFunc(func() { close(empty) })
	var slots sync.WaitGroup
	for range w.Jobs {
		slots.Go(func() { w.slot(ctx, stop, empty, emptied) })
	}
	slots.Wait()
	end()
	governed.Wait()
	return ctx.Err()
}

// slot runs one row after the other.
func (w *Worker) slot(ctx context.Context, stop, empty <-chan struct{}, emptied func()) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
		case <-empty:
		case <-waiting.Done():
		}
		cancel()
	}()
	for waiting.Err() == nil {
		t, err := w.queue.next(waiting, fetchWait)
		switch {
		case errors.Is(err, errEmpty):
			if w.UntilEmpty && w.Hub.empty(waiting) {
				emptied()
			}
		case err != nil: // the hub is away, or does not know of workers any more
			nap(waiting, time.Second)
			if waiting.Err() == nil {
				w.rejoin(waiting)
			}
		case waiting.Err() != nil:
			t.later(0)
		case !w.handle(ctx, t, stop):
			nap(waiting, Slice/2) // there is nothing to do at present
		}
	}
}

func nap(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d/2 + time.Duration(rand.Int64N(int64(d)))): //nolint:gosec // jitter
	case <-ctx.Done():
	}
}

// empty reports whether there is no row in the queue, waiting or running.
func (h *Hub) empty(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	info, err := h.rows.Info(ctx)
	return err == nil && info.State.Msgs == 0
}

// handle does what is to be done about a row; false: nothing, at present.
func (w *Worker) handle(ctx context.Context, t *Task, stop <-chan struct{}) bool {
	if not := new(NotHereError); errors.As(t.Bad, &not) {
		if !w.newer.Swap(true) {
			w.Say(fmt.Sprintf("Warning: rows are left to other workers: %s", not.Why))
		}
		t.later(w.TTL)
		return false
	}
	if t.Bad != nil {
		w.Say(fmt.Sprintf("Error: a row of the queue is left out: %v", t.Bad))
		t.finish(ctx)
		return true
	}
	r := &t.Row
	s, _, err := w.Hub.state(ctx, r.ID)
	switch {
	case err != nil:
		return false // the row comes back by itself
	case s.past(r):
		t.finish(ctx)
		return true
	case s.Phase == Waiting && w.Hub.until(s.Until) > time.Second:
		t.later(min(w.Hub.until(s.Until), longestPark))
		return true
	}
	need, done, err := w.Runner.Reserve(r)
	if not := new(NotHereError); errors.As(err, &not) {
		t.later(w.TTL)
		return false
	}
	if err != nil {
		return w.refuse(ctx, t, err)
	}
	defer done()
	r.Locks = append(r.Locks, need.Locks...)
	j := &Job{Row: *r, w: w}
	left, err := w.enter(ctx, j, need.Connections)
	if err != nil {
		t.later(Slice + time.Duration(rand.Int64N(int64(2*Slice)))) //nolint:gosec // jitter
		return false
	}
	defer left()
	j.Hold, err = w.taker.Take(ctx, r)
	if err != nil {
		wait := Slice
		if held := new(HeldError); errors.As(err, &held) {
			wait = min(held.Wait, w.TTL)
		}
		t.later(wait)
		return false
	}
	w.hold(ctx, t, j, stop)
	return true
}

// refuse fails a row that cannot be run.
func (w *Worker) refuse(ctx context.Context, t *Task, why error) bool {
	w.Say(fmt.Sprintf("Error: row %s is refused: %v", t.Row.ID, why))
	h, err := w.taker.Take(ctx, &t.Row)
	if err != nil {
		t.later(w.TTL)
		return false
	}
	defer h.Close(ctx)
	s, rev, err := w.Hub.state(ctx, t.Row.ID)
	if err != nil {
		return false
	}
	s.Phase, s.Code, s.Worker, s.At, s.Tries = Failed, event.ExitUsage, w.ID, w.Hub.now(), s.Tries+1
	if s.Accounts == "" {
		s.Accounts, s.Options = t.Row.Accounts, t.Row.Options
	}
	if _, err := w.Hub.putState(ctx, t.Row.ID, s, rev); err != nil {
		return false
	}
	t.finish(ctx)
	w.Hub.event(t.Row.ID, s, "refused")
	return true
}

// enter takes connections of both hosts; left gives them back.
func (w *Worker) enter(ctx context.Context, j *Job, wants [2]int) (left func(), err error) {
	hosts := j.Row.Hosts
	leave := func(n int) {
		for i := range n {
			w.gov.Leave(context.WithoutCancel(ctx), hosts[i], j.Connections[i])
		}
	}
	for i, host := range hosts {
		if j.Connections[i], err = w.gov.Enter(ctx, host, max(wants[i], 1), j.Row.Most[i]); err != nil {
			leave(i)
			return nil, err
		}
	}
	for _, host := range hosts { // a share of the rates, which others may have to give first
		for w.gov.Share(host) <= 0 {
			if ctx.Err() != nil {
				leave(len(hosts))
				return nil, ctx.Err()
			}
			nap(ctx, Slice/4)
			w.gov.Keep(ctx)
		}
	}
	return func() { leave(len(hosts)) }, nil
}

// hold runs a row under its lease, and writes what it came to.
func (w *Worker) hold(ctx context.Context, t *Task, j *Job, stop <-chan struct{}) {
	id := j.Row.ID
	s, rev, err := w.Hub.state(ctx, id) // again: who had the lease may have finished
	switch {
	case err != nil:
		j.Hold.Close(ctx)
		return
	case s.past(&j.Row):
		t.finish(ctx)
		j.Hold.Close(ctx)
		return
	}
	j.TakenOver = j.Hold.TakenOver || s.Phase == Running
	if j.Journal = j.Hold.Journal; j.Journal == nil {
		j.Journal = s.Journal
	}
	j.saved = j.Journal
	s.Phase, s.Worker, s.At, s.Until, s.Runs = Running, w.ID, w.Hub.now(), time.Time{}, s.Runs+1
	s.Accounts, s.Options = j.Row.Accounts, j.Row.Options
	if rev, err = w.Hub.putState(ctx, id, s, rev); err != nil {
		j.Hold.Close(ctx)
		return
	}
	w.Hub.event(id, s, "begun")
	w.Say(fmt.Sprintf("row %s begins: %s", id[:8], j.Row.Accounts))
	begun := time.Now()
	over := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() {
		tick := time.NewTicker(w.TTL / 4)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if j.Hold.Check() == nil {
					t.working()
				}
			case <-over:
				return
			}
		}
	})
	o := w.Runner.Run(ctx, j, stop)
	close(over)
	beats.Wait()
	s.Took += time.Since(begun)
	if o.NotBegun != nil {
		w.Say(fmt.Sprintf("row %s is given back: %v", id[:8], o.NotBegun))
		o.Code = event.ExitBySignal // as if it had been stopped
	}
	err = w.settle(ctx, t, j, s, rev, o)
	if err != nil {
		w.Say(fmt.Sprintf("row %s: %v; whoever has it next finds out what was done", id[:8], err))
		j.Hold.Abandon()
	} else {
		j.Hold.Close(ctx)
	}
	// Connections may have been closed without a word, also at the end of a run that came
	// to its end as its lease did. Servers notice that a moment later: only then others
	// may have them.
	if o.Code != event.ExitOK || err != nil {
		w.unnoticed(context.WithoutCancel(ctx))
	}
}

// settle writes what a run came to, fenced, and what is next. An error says that this
// worker cannot tell any more.
func (w *Worker) settle(ctx context.Context, t *Task, j *Job, s State, rev uint64, o Outcome) error {
	ctx = context.WithoutCancel(ctx)
	if err := j.Hold.Check(); err != nil {
		return err
	}
	if o.Code == event.ExitLeaseOver {
		return errors.New("the lease on the journal is over")
	}
	if o.Journal != nil {
		if err := j.Save(ctx, o.Journal); err != nil {
			w.Say(fmt.Sprintf("Warning: row %s: its journal cannot be copied into the hub: %v", j.Row.ID[:8], Reason(err)))
		}
	}
	s.Journal = j.last()
	tries := 1
	// A day's limit that was used up is no failed try.
	if s.Code == o.Code && s.Tries > 0 && !(o.Code == event.ExitTransferExceeded && o.Messages > 0) {
		tries = s.Tries + 1
	}
	s.Code, s.Tries, s.At = o.Code, tries, w.Hub.now()
	s.Messages += o.Messages
	s.Bytes += o.Bytes
	s.Skipped, s.Errors = o.Skipped, o.Errors
	next, pause := batch.After(o.Code, tries, o.Resume, time.Now())
	if w.Pause != nil {
		pause = w.Pause(pause)
	}
	switch {
	case o.Code == event.ExitBySignal:
		s.Phase, pause = Queued, 0 // of this worker: another one goes on
	case next == batch.Done:
		s.Phase = Done
	case next == batch.Person:
		s.Phase = Failed
	case next == batch.Wait, next == batch.AtEnd:
		s.Phase, s.Until = Waiting, w.Hub.now().Add(pause).Truncate(time.Second)
	default:
		s.Phase = Unfinished
	}
	for {
		_, err := w.Hub.putState(ctx, j.Row.ID, s, rev)
		if err == nil {
			break
		}
		if errors.Is(err, ErrFenced) {
			// It may be our own, of which the answer was lost.
			if got, _, err := w.Hub.state(ctx, j.Row.ID); err == nil && got.Worker == w.ID && got.At.Equal(s.At) && got.Phase == s.Phase {
				break
			}
			return ErrFenced
		}
		if err := j.Hold.Check(); err != nil {
			return err
		}
		nap(ctx, 500*time.Millisecond)
	}
	switch {
	case s.Phase.Over():
		t.finish(ctx)
	case o.NotBegun != nil:
		t.later(w.TTL)
	default:
		t.later(min(pause, longestPark))
	}
	w.Hub.event(j.Row.ID, s, string(s.Phase))
	for _, c := range j.drop {
		w.Hub.DropJournal(ctx, c)
	}
	w.Say(s.line(j.Row.ID))
	return nil
}

// line tells how a run ended.
func (s *State) line(id string) string {
	text := fmt.Sprintf("row %s %s: %d, %s, %d messages", id[:8], s.Accounts, s.Code, s.Phase, s.Messages)
	if s.Phase == Waiting {
		text += " so far, again at " + s.Until.Format(time.DateTime)
	}
	return text
}

// Save stores a copy of the row's journal, which counts from the next renewal of the lease
// on. An older copy than the last is no harm: what it does not know is found out again.
func (j *Job) Save(ctx context.Context, write func(io.Writer) error) error {
	name := fmt.Sprintf("%s.%s.%d", j.Row.ID, j.Hold.value.Term, j.n.Add(1))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-j.Hold.Over(): // nothing will name the copy
			cancel()
		case <-ctx.Done():
		}
	}()
	c, err := j.w.Hub.PutJournal(ctx, name, write)
	if err != nil {
		return err
	}
	j.Hold.SetJournal(ctx, c)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.saved != nil {
		j.drop = append(j.drop, j.saved)
	}
	j.saved = c
	if err := j.Hold.Check(); err == nil && len(j.drop) > 2 {
		// The lease names a newer one for sure; the state may name the first.
		j.w.Hub.DropJournal(ctx, j.drop[1])
		j.drop = append(j.drop[:1], j.drop[2:]...)
	}
	return nil
}

// last is the newest copy, nil for none.
func (j *Job) last() *Copy {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.saved
}

// Checkpoint is how often a copy is to be made while a row runs.
func (j *Job) Checkpoint() time.Duration { return min(checkpoint, max(j.w.TTL, time.Second)) }

// Restore puts the copy of the journal into place, if there is one.
func (j *Job) Restore(ctx context.Context, path string) error {
	if j.Journal == nil {
		return nil
	}
	return j.w.Hub.GetJournal(ctx, j.Journal, path)
}
