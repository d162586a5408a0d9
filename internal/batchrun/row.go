package batchrun

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/runner"
)

// rowResult is what is told of a row in the end.
type rowResult struct {
	number, line     int
	account          string
	code, tries      int
	state            string
	before           bool // by an earlier call
	took             time.Duration
	messages, bytes  int64
	skipped, deleted int64
	failed           int64
	errors, warnings int
	log              string
	why, warn        string               // the first error and the warnings, for people
	doubt            bool                 // no error, and the verdict does not look good
	only             string               // what it did in place of copying, see onlyOf
	foreseen         *event.RehearsedTime // of a rehearsal, nil for none
}

// rowRun is one run of row n, when its logins may be tried; try is 0 for what comes before
// its own runs.
func (b *run) rowRun(ctx context.Context, n, try int, p *plan.Plan) runner.End {
	of := b.loginsOf(p)
	lines := b.json.OfRow(p.Accounts(), n, try, onlyOf(p))
	counts := b.counts
	if try == 0 {
		counts = nil // it is no run of the row
	}
	if code, why := b.logins.begin(ctx, b.stop, of, n); code != event.ExitOK {
		runner.NotBegun(lines, code, why)
		return runner.End{Code: code, Why: why}
	}
	var letIn [2]bool
	q := runner.Quiet{
		Stop: b.stop, Policy: b.policy, JSON: lines, Counts: counts, Begin: b.passes.begin, Options: engine.Options{Governors: &b.governors},
		Watch: func(s *live.State, m *sync.Mutex) { b.board.watchRow(n, s, m) },
		LoggedIn: func(side event.Side) {
			letIn[side-1] = true
			b.logins.good(of[side-1])
		},
	}
	end := q.Run(ctx, p)
	b.logins.end(of, n, refusedIn(end, letIn))
	return end
}

// runRow runs a row once, and remembers what it came to.
func (b *run) runRow(ctx context.Context, j *batch.Job, try int) batch.Result {
	n := j.Row.Number
	b.mu.Lock()
	delete(b.waits, n)
	delete(b.atEnd, n)
	b.active[n] = true
	b.mu.Unlock()
	begun := time.Now()
	done := b.board.begin(n, b.names[n])
	p, _, problems := b.parseRow(j.Row)
	res := &rowResult{number: n, line: j.Row.Line, account: b.names[n], tries: try}
	var stats *event.Stats
	if p == nil {
		res.code, res.why = event.ExitUsage, problems[0]
		runner.NotBegun(b.json.OfRow(b.names[n], n, try, ""), res.code, res.why)
	} else {
		end := b.rowRun(ctx, n, try, p)
		stats, res.code, res.why, res.foreseen = end.Stats, end.Code, end.Why, end.Foreseen
		if stats != nil {
			res.log = runner.LogPath(p)
			res.fill(stats)
			res.errors += end.Faults
			res.judge(stats, p)
		}
	}
	done()
	res.took = time.Since(begun)
	b.mu.Lock()
	defer b.mu.Unlock()
	if was := b.results[n]; was != nil { // what earlier tries moved counts, too
		res.messages += was.messages
		res.bytes += was.bytes
		res.took += was.took
		if res.code != event.ExitOK && res.why == "" { // a signal ended it
			res.why, res.errors = was.why, max(res.errors, was.errors)
		}
	}
	delete(b.active, n)
	b.results[n] = res
	r := batch.Result{Code: res.code, Moved: stats != nil && stats.Transferred > 0}
	if stats != nil && stats.Finished.ResumeIn > 0 {
		r.Resume = time.Now().Add(stats.Finished.ResumeIn)
	}
	return r
}

// fill takes the figures of a run.
func (r *rowResult) fill(s *event.Stats) {
	r.messages, r.bytes, r.errors, r.warnings = s.Transferred, s.BytesTransferred, s.ErrorCount, s.Warnings
	if s.WouldTransfer > 0 {
		r.messages, r.bytes = s.WouldTransfer, s.WouldTransferBytes // in a rehearsal
	}
	r.skipped, r.deleted, r.failed = s.Skipped, s.Deleted[1]+s.Deleted[2], s.Failed.Messages
	if r.why == "" {
		r.why = firstError(s)
	}
	if r.why == "" && s.Finished.Fatal != nil {
		r.why = s.Finished.Fatal.Error()
	}
}

// firstError is the text of the first error, "" for none. Where both logins were refused it
// tells of both, since who corrects one password and runs the row again has the other one
// tried once more.
func firstError(s *event.Stats) string {
	if len(s.Errors) == 0 {
		return ""
	}
	first, why := s.Errors[0], s.Errors[0].Text
	if first.Class != event.ErrAuthUser1 {
		return why
	}
	for _, e := range s.Errors[1:] {
		if e.Class == event.ErrAuthUser2 {
			return strings.TrimSpace(why) + "; " + strings.TrimSpace(e.Text)
		}
	}
	return why
}
