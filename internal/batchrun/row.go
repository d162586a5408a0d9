package batchrun

import (
	"context"
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

// rowRun is one run of one row.
func (b *run) rowRun(ctx context.Context, p *plan.Plan, watch func(*live.State, *sync.Mutex)) runner.End {
	q := runner.Quiet{Stop: b.stop, Policy: b.policy, JSON: b.json, Counts: b.counts, Watch: watch, Begin: b.passes.begin, Options: engine.Options{Governors: &b.governors}}
	return q.Run(ctx, p)
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
	var logins [2]login
	if p == nil {
		res.code, res.why = event.ExitUsage, problems[0]
	} else {
		logins = loginsOf(p)
		res.code, res.why = b.refused.before(logins, n)
	}
	if res.code == event.ExitOK {
		end := b.rowRun(ctx, p, func(s *live.State, mu *sync.Mutex) { b.board.watchRow(n, s, mu) })
		stats, res.code, res.log, res.foreseen = end.Stats, end.Code, runner.LogPath(p), end.Foreseen
		res.fill(stats, end.Why)
		res.judge(stats, p)
		b.refused.note(logins, n, res.code)
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
	r := batch.Result{Code: res.code}
	if stats != nil && stats.Finished.ResumeIn > 0 {
		r.Resume = time.Now().Add(stats.Finished.ResumeIn)
	}
	return r
}

// fill takes the figures of a run.
func (r *rowResult) fill(s *event.Stats, why string) {
	r.messages, r.bytes, r.errors, r.warnings = s.Transferred, s.BytesTransferred, s.ErrorCount, s.Warnings
	if s.WouldTransfer > 0 {
		r.messages, r.bytes = s.WouldTransfer, s.WouldTransferBytes // in a rehearsal
	}
	r.skipped, r.deleted, r.failed = s.Skipped, s.Deleted[1]+s.Deleted[2], s.Failed.Messages
	r.why = why
	if r.why == "" && len(s.Errors) > 0 {
		r.why = s.Errors[0].Text
	}
	if r.why == "" && s.Finished.Fatal != nil {
		r.why = s.Finished.Fatal.Error()
	}
}
