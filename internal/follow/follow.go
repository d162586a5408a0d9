package follow

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Options are what following needs beside its plan.
type Options struct {
	// Engine are those of each pass. Its Sink receives what is told of them, one event
	// after the other; Stop ends the first pass as it ends a run, and after it has
	// following end with a last pass; Keep is following's own.
	Engine engine.Options
	// Figures receives the events of passes that are not told, for those who only
	// count; nil: nobody does.
	Figures event.Sink
	// Deliveries asks the DNS where mail is delivered; nil: it is not asked.
	Deliveries Deliveries
	// Begin waits until a pass may begin, where several accounts share a process, and
	// returns what is called at its end; nil: at once.
	Begin func(ctx context.Context) (end func(), err error)
	// Rounds replaces how often host1 is asked, and Gap how long passes are apart at
	// least, for tests.
	Rounds provider.Rounds
	Gap    time.Duration
}

const (
	// gap is how long the end of a pass and the beginning of the next are apart at
	// least: a server that tells of changes without end does not get passes without end.
	gap = 500 * time.Millisecond
	// retryFirst is after how long a pass that failed is repeated; it doubles up to
	// retryMost.
	retryFirst = 30 * time.Second
	retryMost  = 30 * time.Minute
	// unwatched is how often there is a pass where connections cannot be kept, since the
	// journal is shared with other machines.
	unwatched = 5 * time.Minute
	// heartbeat is how often it is said that nothing happens.
	heartbeat = time.Hour
	// always is longer than anybody follows.
	always = 100 * 365 * 24 * time.Hour
)

// follower is one pair of accounts being followed.
type follower struct {
	p *plan.Plan
	o Options

	keep    engine.Kept
	tell    teller
	watch   watcher
	mail    *mail
	since   time.Time
	last    time.Time
	number  int
	copied  int64
	failed  int // passes in a row
	took    time.Duration
	stopped func() bool
}

// Run follows the accounts of a plan until that ends, and returns what the last event
// told: event.Finished, as of a run.
func Run(ctx context.Context, p *plan.Plan, o Options) event.Finished {
	if o.Figures == nil {
		o.Figures = func(event.Event) {}
	}
	f := &follower{p: p, o: o, since: time.Now()}
	f.tell = teller{loud: o.Engine.Sink, figures: o.Figures}
	f.stopped = func() bool {
		select {
		case <-o.Engine.Stop:
			return true
		default:
			return false
		}
	}
	f.mail = newMail(p, o)
	fin := f.run(ctx)
	f.keep.Close(ctx)
	f.o.Engine.Sink(fin)
	return fin
}

// run makes the passes. It returns the last event of the last one.
func (f *follower) run(ctx context.Context) event.Finished {
	wake, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-f.o.Engine.Stop:
			cancel()
		case <-wake.Done():
		}
	}()
	ended := f.pass(ctx, event.PassBegun{Why: "the first"})
	if f.over(ctx, ended) {
		return *f.tell.fin
	}
	for {
		why, err := f.wait(ctx, wake)
		switch {
		case ctx.Err() != nil:
			return f.cut()
		case err != nil:
			// The pass that follows meets the same and says what it is.
			f.failed++
			f.o.Engine.Sink(event.Note{Warn: true, Text: fmt.Sprintf("Following: host1 cannot be watched: %v", err)})
			if !rest(ctx, wake, f.pause()) && ctx.Err() != nil {
				return f.cut()
			}
			why = "host1 could not be watched"
		}
		if end := f.ends(); end != "" {
			f.pass(ctx, event.PassBegun{Why: end, Last: true})
			return *f.tell.fin
		}
		if why == "" {
			continue
		}
		ended := f.pass(ctx, event.PassBegun{Why: why})
		if f.over(ctx, ended) {
			return *f.tell.fin
		}
	}
}

// over reports whether following ends with a pass: by force, or since what went wrong
// needs a person; with the first also when it was told to, or never came to both servers.
func (f *follower) over(ctx context.Context, ended event.PassEnded) bool {
	src, dst := f.keep.Links()
	fin := f.tell.fin
	return ctx.Err() != nil || forPerson(ended.Code) || ended.Number == 1 &&
		((src == nil || dst == nil) && !f.keep.Fenced || fin.Stopped == event.StopSignal || fin.Stopped == event.StopFile || fin.Fatal != nil)
}

// cut is the end by force: nothing more is done.
func (f *follower) cut() event.Finished {
	fin := f.tell.sum
	fin.Stopped = event.StopSignal
	if f.o.Engine.Signal != nil {
		fin.Signal = f.o.Engine.Signal()
	}
	return fin
}

// ends is what has following end now, "" for nothing.
func (f *follower) ends() string {
	switch at := f.p.Follow.Until; {
	case f.stopped():
		if f.o.Engine.Signal != nil {
			if name := f.o.Engine.Signal(); name != "" {
				return "signal " + name
			}
		}
		return "it was asked to"
	case !at.IsZero() && !time.Now().Before(at):
		return "it is " + at.Format("2006-01-02 15:04")
	case f.p.Follow.UntilMX:
		return f.mail.over()
	}
	return ""
}

// forPerson reports whether an exit code needs a person: what is wrong is wrong in the
// next pass, too (internal/batch has the same in its policy). A full mailbox, a message
// that host2 refuses and a refused deletion do not end following: the rest goes on.
func forPerson(code int) bool {
	switch code {
	case event.ExitNoFile, event.ExitTLS, event.ExitAuthentication, event.ExitSubfolder1, event.ExitUsage, event.ExitNoInput,
		event.ExitUnavailable, event.ExitSoftware, event.ExitAuthenticateUser1, event.ExitAuthenticateUser2:
		return true
	}
	return false
}

// wait waits until a pass is to begin and says why, "" when something else is to be
// looked at.
func (f *follower) wait(ctx, wake context.Context) (string, error) { //nolint:revive // the second only wakes
	if f.stopped() {
		return "", nil
	}
	apart := max(gap, f.took)
	if f.o.Gap > 0 {
		apart = f.o.Gap
	}
	if !rest(ctx, wake, min(apart, f.left())) {
		return "", nil
	}
	d, again := f.left(), ""
	if f.failed > 0 {
		if retry := f.pause(); retry < d {
			d, again = retry, "the pass before failed"
		}
	}
	if f.mail.next() < d {
		d, again = f.mail.next(), ""
	}
	src, dst := f.keep.Links()
	if src == nil || dst == nil {
		if unwatched < d {
			d, again = unwatched, whySettled
		}
		if !rest(ctx, wake, d) {
			again = ""
		}
		f.mail.look(ctx)
		return again, nil
	}
	f.watch.src, f.watch.dst = src, dst
	f.watch.rounds = f.o.Rounds
	if f.watch.rounds == (provider.Rounds{}) {
		f.watch.rounds = src.Account.Profile.Rounds()
	}
	f.watch.say, f.watch.beat = f.watching, heartbeat
	why, err := f.watch.wait(ctx, wake, d)
	if session.IsStopped(err) {
		why, err = "", nil
	}
	if why == "" && err == nil && wake.Err() == nil {
		why = again
	}
	f.mail.look(ctx)
	return why, err
}

// left is how long following goes on at most.
func (f *follower) left() time.Duration {
	if f.p.Follow.Until.IsZero() {
		return always
	}
	return max(time.Until(f.p.Follow.Until), 0)
}

// pause is before a pass that failed is repeated.
func (f *follower) pause() time.Duration {
	if d := f.tell.sum.ResumeIn; d > 0 && f.tell.sum.Stopped == event.StopDay {
		return d
	}
	d := min(retryFirst<<min(max(f.failed-1, 0), 16), retryMost)
	return d + rand.N(d/4) //nolint:gosec // jitter
}

// watching says that a wait begins, or goes on.
func (f *follower) watching(how string, again bool) {
	f.o.Engine.Sink(event.Watching{
		How: how, Round: f.watch.rounds.Counts, Since: f.since, Last: f.last, Passes: f.number, Copied: f.copied,
		Until: f.p.Follow.Ends(), Again: again,
	})
}

// pass is one run.
func (f *follower) pass(ctx context.Context, begun event.PassBegun) event.PassEnded {
	f.number++
	begun.Number = f.number
	first := f.number == 1
	if f.o.Begin != nil {
		end, err := f.o.Begin(ctx)
		if err != nil {
			fin := f.cut()
			f.tell.fin = &fin
			return event.PassEnded{Number: f.number, Code: event.ExitBySignal}
		}
		defer end()
	}
	if !first {
		f.o.Engine.Sink(begun)
	}
	f.mail.look(ctx)
	start := time.Now()
	f.tell.begin(first, begun.Last)
	o := f.o.Engine
	o.Sink, o.Keep = f.tell.event, &f.keep
	f.keep.Last = begun.Last
	if begun.Last {
		o.Stop, o.StoppedBy = nil, nil // it is what the signal asked for
	} else {
		o.Report = nil
	}
	f.mail.remember(&f.keep)
	engine.Run(ctx, f.planOf(begun), o)
	f.mail.remember(&f.keep)
	f.took = time.Since(start)
	ended := f.ended(ctx, begun)
	f.o.Engine.Sink(ended)
	f.tell.pass, f.tell.first = nil, false
	o.Stop = f.o.Engine.Stop
	f.keep.Between(o)
	return ended
}

// planOf is the plan of a pass.
func (f *follower) planOf(begun event.PassBegun) *plan.Plan {
	p := *f.p
	if !begun.Last && begun.Number > 1 {
		p.Folders.SizesAfter = false
	}
	f.mail.keep2(&p)
	return &p
}

// ended sums up a pass.
func (f *follower) ended(ctx context.Context, begun event.PassBegun) event.PassEnded {
	s := f.tell.pass.Stats()
	e := event.PassEnded{
		Number: begun.Number, Why: begun.Why, Last: begun.Last, Code: s.ExitCode(),
		Copied: s.Transferred, Bytes: s.BytesTransferred, FlagsChanged: s.FlagsChanged, Deleted: s.Deleted[2],
		FoldersCreated: s.FoldersCreated, Errors: s.ErrorCount, Untaken: s.Untaken(), Took: f.took,
	}
	if e.Copied > 0 || e.FlagsChanged > 0 || e.Deleted > 0 || e.FoldersCreated > 0 {
		f.last = time.Now()
	}
	if begun.Number > 1 {
		f.copied += e.Copied
	}
	f.failed++
	if e.Code == event.ExitOK || e.Code == event.ExitDeletionRefused && s.RefusedOnly() {
		f.failed = 0 // what was refused is refused again until somebody does something
	}
	if f.failed > 0 && !begun.Last && !f.stopped() && !f.over(ctx, e) {
		e.Retry = f.pause()
	}
	return e
}
