package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/jsonout"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/tokens"
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
	errors           int
	log              string
	why              string               // the first error, for people
	foreseen         *event.RehearsedTime // of a rehearsal, nil for none
}

// rowEnd is what a run of a row came to.
type rowEnd struct {
	stats    *event.Stats
	code     int
	why      string // it ended before it began
	foreseen *event.RehearsedTime
}

func (e rowEnd) with(code int, err error) rowEnd {
	e.code, e.why = code, err.Error()
	return e
}

// rowRun is one run of one row.
func (b *batchRun) rowRun(ctx context.Context, p *plan.Plan, watch func(*live.State, *sync.Mutex)) rowEnd {
	q := quietRun{stop: b.stop, policy: b.policy, json: b.json, counts: b.counts, watch: watch, begin: b.passes.begin, options: engine.Options{Governors: &b.governors}}
	return q.run(ctx, p)
}

// quietRun is one run of many in a process: a run without screen and signals of its own.
type quietRun struct {
	stop   <-chan struct{}
	policy *signals.Policy
	json   *sharedLines // nil for none
	counts *counters    // nil for none
	// watch is told where to look for how far the run is; nil for nobody.
	watch func(*live.State, *sync.Mutex)
	// begin waits until a pass of following may begin; nil: at once.
	begin func(context.Context) (end func(), err error)
	// options are what the run has beside what every run has.
	options engine.Options
}

// run carries out a plan.
func (q *quietRun) run(ctx context.Context, p *plan.Plan) rowEnd {
	end := rowEnd{stats: event.NewTally(p.Output.StartedAt, nil).Stats()}
	early := refusal{p: p, stdout: io.Discard, stderr: io.Discard, logName: logPath(p)}
	notes := new(tokens.LateNotes)
	tokens, err := tokens.Make(p, notes.Say)
	if err != nil {
		return end.with(early.end(event.ExitUsage, err), err)
	}
	file, err := openLog(early.logName)
	if err != nil {
		return end.with(event.ExitNoFile, err)
	}
	defer file.close()
	early.log = file
	var skipped *report.SkippedFile
	if path := p.Transfer.SkippedFile; path != "" {
		if skipped, err = report.CreateSkipped(path); err != nil {
			return end.with(early.end(event.ExitNoFile, err), err)
		}
	}
	if dir := p.Transfer.SaveDir; dir != "" && !p.Dry {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return end.with(early.end(event.ExitNoFile, fmt.Errorf("--savedir %q cannot be made: %w", dir, err)), err)
		}
	}
	p.Proof.Manifest = certificate.FreeName(p.Proof.Manifest) // the row may have been run before
	page, err := beginPage(p)
	if err != nil {
		return end.with(early.end(event.ExitNoFile, err), err)
	}
	tally := event.NewTally(p.Output.StartedAt, nil)
	r := &runner{
		page: page,
		p:    p, tally: tally, log: file, options: reportOptions(p, file.path), skipped: skipped, pid: &ownPidFile{}, tokens: tokens,
		table: io.Discard, policy: q.policy, live: live.New(tally.Stats(), time.Now), queue: report.NewQueue(io.Discard, file.path),
	}
	if q.json != nil {
		r.json = &jsonLines{lines: jsonout.New(q.json, p.Accounts(), time.Now)}
	}
	if q.counts != nil {
		r.counts = q.counts.Run()
	}
	if p.Dry && p.Mode == plan.ModeSync {
		r.book = rehearsal.New(time.Now, blind(p))
	}
	r.options.Detail = report.Quiet
	r.text = newPrinters(r.queue, file, tally, r.options)
	if q.watch != nil {
		q.watch(r.live, &r.mu)
	}
	notes.To(func(text string) { r.sink(event.Note{Text: text, Warn: true}) })
	pre := preamble(p, nil)
	r.text.Start(pre)
	r.countWarnings(pre.Notes)
	o := q.options
	o.Sink, o.Trace, o.MapWriter, o.Report = r.sink, &lineWriter{text: r.text}, io.Discard, r.report
	o.Tokens, o.Version, o.Pulse = tokens.Of, program.Version(), screen.Pulse
	o.Probe, o.Delivery = probeTime, r.delivery
	o.Stop, o.Signal = q.stop, q.policy.Ended
	r.begin = q.begin
	after := r.carryOut(ctx, o, q.stop)
	r.verify(ctx, after)
	end.stats = tally.Stats()
	if r.book != nil {
		time := r.book.Page(end.stats, report.ExitText).Duration
		end.foreseen = &time
	}
	end.code, _ = r.end("")
	return end
}

// runRow runs a row once, and remembers what it came to.
func (b *batchRun) runRow(ctx context.Context, j *batch.Job, try int) batch.Result {
	n := j.Row.Number
	b.mu.Lock()
	delete(b.waits, n)
	b.mu.Unlock()
	begun := time.Now()
	done := b.board.begin(n, b.names[n])
	p, _, problems := b.parseRow(j.Row)
	res := &rowResult{number: n, line: j.Row.Line, account: b.names[n], tries: try}
	var stats *event.Stats
	switch {
	case p == nil:
		res.code, res.why = event.ExitUsage, problems[0]
	default:
		end := b.rowRun(ctx, p, func(s *live.State, mu *sync.Mutex) { b.board.watchRow(n, s, mu) })
		stats, res.code, res.log, res.foreseen = end.stats, end.code, logPath(p), end.foreseen
		res.fill(stats, end.why)
	}
	done()
	res.took = time.Since(begun)
	b.mu.Lock()
	defer b.mu.Unlock()
	if was := b.results[n]; was != nil { // what earlier tries moved counts, too
		res.messages += was.messages
		res.bytes += was.bytes
		res.took += was.took
	}
	b.results[n] = res
	r := batch.Result{Code: res.code}
	if stats != nil && stats.Finished.ResumeIn > 0 {
		r.Resume = time.Now().Add(stats.Finished.ResumeIn)
	}
	return r
}

// fill takes the figures of a run.
func (r *rowResult) fill(s *event.Stats, why string) {
	r.messages, r.bytes, r.errors = s.Transferred, s.BytesTransferred, s.ErrorCount
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
