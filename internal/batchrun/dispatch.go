package batchrun

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runner"
)

// mostJobs is how many rows run at the same time at most when --jobs does not say.
const mostJobs = 16

// atOnce is how many rows run at the same time. A row waits for servers more than it
// computes, so there are more than processors.
func (b *run) atOnce() int {
	n := b.Jobs
	if n == 0 {
		n = min(max(2*runtime.GOMAXPROCS(0), 4), mostJobs)
	}
	return max(min(n, len(b.jobs), rowsWithin(openFiles(), b.Plan.Transfer.Connections)), 1)
}

// What is open beside the rows, and of a row beside its connections: the log, the journal,
// its lock and what is written anew, what a verification and reports of a row take.
const (
	filesOfBatch = 32
	filesOfRow   = 10
)

// rowsWithin is how many rows may run at the same time where so many files may be open, 0
// for any number. One more would find that it cannot open its log, which looks like a fault
// of that row.
func rowsWithin(files uint64, connections int) int {
	if files == 0 || files > math.MaxInt32 {
		return math.MaxInt
	}
	return max((int(files)-filesOfBatch)/(filesOfRow+2*max(connections, 1)), 1)
}

// tooManyJobs is a warning of more rows at the same time than may have their files open, ""
// for none.
func (b *run) tooManyJobs() string {
	most := rowsWithin(openFiles(), b.Plan.Transfer.Connections)
	if min(b.Jobs, len(b.jobs)) <= most {
		return ""
	}
	return fmt.Sprintf("Warning: --jobs %d: this process may have %d files open (ulimit -n), which is enough for %s at the same time. So many run.", b.Jobs, openFiles(), rowsOf(most))
}

// profile is what is known of a server by its name in a job.
func (b *run) profile(name string) (provider.Profile, bool) {
	s := b.servers[name]
	return b.governors.Profile(s.Host, s.Port)
}

// UnknownSlots is how many rows use a server at the same time before anything is
// known of it.
const UnknownSlots = 3

// slots is how many rows may use a server at the same time: as many as it bears where
// it counts connections by address.
func (b *run) slots(name string) int {
	p, known := b.profile(name)
	switch {
	case !known:
		return UnknownSlots
	case p.PerAddress:
		return p.Connections
	}
	return 0
}

// readers is how many rows may read one account at the same time, each with at least one
// connection.
func (b *run) readers(name string) int {
	if p, known := b.profile(name); known {
		return max(p.Connections, 1)
	}
	return UnknownSlots
}

// RetryPause replaces the pauses before a row is tried again, for tests.
var RetryPause func(time.Duration) time.Duration

// dispatch runs the rows.
func (b *run) dispatch(ctx context.Context) {
	if b.Plan.Follow.On {
		b.dispatchFollowing(ctx)
		return
	}
	batch.Do(ctx, batch.Plan{
		Jobs: b.jobs, AtOnce: b.atOnce(), Run: b.runRow, Ended: b.ended, Slots: b.slots, Readers: b.readers, Pause: RetryPause, Stop: b.stop,
	})
}

// ended remembers and tells how a run of a row ended.
func (b *run) ended(j *batch.Job, try int, r batch.Result, next batch.Next, pause time.Duration) {
	n := j.Row.Number
	b.mu.Lock()
	res := b.results[n]
	switch next {
	case batch.Done:
		res.state = batch.StateDone
	case batch.Person:
		res.state = batch.StatePerson
	default:
		res.state = batch.StateUnfinished
	}
	switch next {
	case batch.Wait:
		b.waits[n] = time.Now().Add(pause)
	case batch.AtEnd:
		b.atEnd[n] = true
	}
	b.mu.Unlock()
	b.remember(j, try, res)
	b.board.say(res.line1(next, pause))
	b.hook(res, next)
}

// remember keeps beside the list how a run of a row ended.
func (b *run) remember(j *batch.Job, try int, res *rowResult) {
	n := j.Row.Number
	rec := batch.Record{Code: res.code, Next: res.state, Tries: try, At: time.Now().UTC().Truncate(time.Second), Account: res.account, Options: b.meaning(j)}
	rec.Figures = res.figures()
	if b.Plan.Follow.On && rec.Next == batch.StateDone {
		rec.Next = batch.StateUnfinished // the next call follows it again
	}
	if b.state != nil {
		if err := b.state.Put(b.keys[n], rec); err != nil && b.lost == nil {
			b.lost = err
			b.board.say("Error: " + err.Error() + ". What is finished cannot be remembered, so no row is begun any more.")
			b.finish()
		}
	}
}

// line1 is the line that tells how a run of a row ended.
func (r *rowResult) line1(next batch.Next, pause time.Duration) string {
	s := fmt.Sprintf("row %d %s: %d (%s), %d messages, %s, %s", r.number, r.account, r.code, report.ExitText(r.code), r.messages, live.Size(float64(r.bytes)), live.Span(r.took))
	if r.warnings > 0 {
		s += fmt.Sprintf(", warnings: %d", r.warnings)
	}
	switch next {
	case batch.Wait:
		s += ", tried again in " + live.Span(pause)
	case batch.AtEnd:
		s += ", tried once more at the end"
	case batch.Person:
		s += ", waits for a person"
	case batch.Unfinished:
		s += ", not finished"
	}
	switch {
	case r.code != 0 && r.why != "":
		s += ": " + strings.TrimSpace(r.why)
	case r.doubt:
		s += ", does not look good: " + strings.TrimSpace(r.warn)
	}
	return live.Cut(s, mostLine)
}

// mostLine is how much of a line is printed, in columns.
const mostLine = 500

// prepare tries every login (--loginsfirst), or counts the mailboxes (--order), before
// the first message is copied. The batch is over when it must not go on, with a sentence
// that says why, "" for the usual one.
func (b *run) prepare(ctx context.Context) (verdict string, over bool) {
	mode, what := plan.ModeJustLogin, "the logins of %s are tried"
	if b.Order != cli.OrderFile {
		mode, what = plan.ModeJustFolderSizes, "the mailboxes of %s are counted"
	}
	b.board.say(fmt.Sprintf("%s: before anything is copied, %s.", b.File, fmt.Sprintf(what, rowsOf(len(b.jobs)))))
	var mu sync.Mutex
	sizes := make(map[int]int64)
	failed := 0
	batch.Do(ctx, batch.Plan{
		Jobs: b.jobs, AtOnce: b.atOnce(), Slots: b.slots, Readers: b.readers, Pause: RetryPause, Stop: b.stop,
		// Nobody waits for a mailbox that cannot be counted now.
		Once: !b.LoginsFirst,
		Run: func(ctx context.Context, j *batch.Job, try int) batch.Result {
			n := j.Row.Number
			begun := time.Now()
			done := b.board.begin(n, b.names[n])
			defer done()
			p, _, problems := b.parseRow(j.Row)
			if p == nil {
				runner.NotBegun(b.json.OfRow(b.names[n], n, 0, string(mode)), event.ExitUsage, problems[0])
				b.note(&rowResult{number: n, line: j.Row.Line, account: b.names[n], code: event.ExitUsage, tries: try, why: problems[0]})
				return batch.Result{Code: event.ExitUsage}
			}
			p.Mode, p.Follow = mode, plan.Follow{}
			p.Output.Log = false
			p.Transfer.SkippedFile, p.Proof, p.View.Report = "", plan.Proof{}, ""
			end := b.rowRun(ctx, n, 0, p)
			res := &rowResult{number: n, line: j.Row.Line, account: b.names[n], code: end.Code, tries: try, why: end.Why, took: time.Since(begun)}
			if end.Stats != nil {
				if end.Code == event.ExitOK {
					mu.Lock()
					sizes[n] = end.Stats.Bytes1
					mu.Unlock()
				}
				res.fill(end.Stats)
			}
			b.note(res)
			return batch.Result{Code: end.Code}
		},
		Ended: func(j *batch.Job, try int, r batch.Result, next batch.Next, pause time.Duration) {
			if r.Code == event.ExitOK || r.Code == event.ExitBySignal {
				return
			}
			b.mu.Lock()
			res := b.results[j.Row.Number]
			if isRefused(r.Code) {
				res.state = batch.StatePerson
			}
			b.mu.Unlock()
			s := res.line1(next, pause)
			if !isRefused(r.Code) && !b.LoginsFirst {
				s = live.Cut("not counted, it comes behind the others: "+res.line1(batch.Done, 0), mostLine)
			}
			b.board.say(s)
			if isRefused(r.Code) { // it is not run
				b.remember(j, try, res)
				b.hook(res, next)
			} else if next != batch.Wait && next != batch.AtEnd {
				failed++
			}
		},
	})
	waiting := b.dropRefused()
	over = b.policy.Ended() != "" || failed+waiting > 0 && b.LoginsFirst
	b.mu.Lock()
	for n, r := range b.results {
		// A login that was only tried says nothing of a row; where the batch ends now, one that
		// failed does.
		if r.before || r.state != "" || over && r.code > event.ExitOK && r.code != event.ExitBySignal {
			continue
		}
		*r = *b.unbegun(n)
		if was := b.earlier[n]; over && was != nil {
			*r = *was
		}
	}
	chosen := len(b.results)
	b.mu.Unlock()
	if over && b.policy.Ended() == "" {
		verdict = fmt.Sprintf("%d of %s failed. Nothing was copied. Correct these rows and run the list again with --retryfailed, or leave --loginsfirst out to run the others.", failed+waiting, rowsOf(chosen))
	}
	b.sortBySize(sizes)
	return verdict, over
}

// sortBySize puts the rows into the order that was asked for, those that could not be counted
// behind the others.
func (b *run) sortBySize(sizes map[int]int64) {
	if b.Order == cli.OrderFile {
		return
	}
	slices.SortStableFunc(b.jobs, func(x, y batch.Job) int {
		sx, knownX := sizes[x.Row.Number]
		sy, knownY := sizes[y.Row.Number]
		switch {
		case knownX && !knownY:
			return -1
		case knownY && !knownX:
			return 1
		case b.Order == cli.OrderLarge:
			return cmp.Compare(sy, sx)
		}
		return cmp.Compare(sx, sy)
	})
}

// note keeps what came of a row.
func (b *run) note(r *rowResult) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.results[r.number] = r
}
