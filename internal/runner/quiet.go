package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/jsonout"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// Quiet is one run of many in a process: a run without screen and signals of its own.
type Quiet struct {
	Stop   <-chan struct{} // closed to ask for the end
	Policy *signals.Policy
	JSON   *jsonout.Writer // nil for none
	Counts *Counters       // nil for none
	// Watch is told where to look for how far the run is; nil for nobody.
	Watch func(*live.State, *sync.Mutex)
	// LoggedIn is told of each login that a server accepts; nil for nobody.
	LoggedIn func(event.Side)
	// Begin waits until a pass of following may begin; nil: at once.
	Begin func(context.Context) (end func(), err error)
	// Options are what the run has beside what every run has.
	Options engine.Options
}

// Run carries out a plan, and tells what it came to in its log.
func (q *Quiet) Run(ctx context.Context, p *plan.Plan) End {
	end, begun := q.run(ctx, p)
	if !begun {
		NotBegun(q.JSON, end.Code, end.Why)
	}
	return end
}

func (q *Quiet) run(ctx context.Context, p *plan.Plan) (end End, begun bool) {
	end = End{Stats: event.NewTally(p.Output.StartedAt, nil).Stats()}
	early := refusal{p: p, stdout: io.Discard, stderr: io.Discard, logName: LogPath(p)}
	notes := new(tokens.LateNotes)
	tokens, err := tokens.Make(p, notes.Say)
	if err != nil {
		return end.with(early.end(event.ExitUsage, err), err), false
	}
	file, err := openLog(early.logName)
	if err != nil {
		return end.with(event.ExitNoFile, err), false
	}
	defer file.close()
	early.log = file
	var skipped *report.SkippedFile
	if path := p.Transfer.SkippedFile; path != "" {
		if skipped, err = report.CreateSkipped(path); err != nil {
			return end.with(early.end(event.ExitNoFile, err), err), false
		}
	}
	if dir := p.Transfer.SaveDir; dir != "" && !p.Dry {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return end.with(early.end(event.ExitNoFile, fmt.Errorf("--savedir %q cannot be made: %w", dir, err)), err), false
		}
	}
	p.Proof.Manifest = certificate.FreeName(p.Proof.Manifest) // the row may have been run before
	page, err := runpage.Begin(p)
	if err != nil {
		return end.with(early.end(event.ExitNoFile, err), err), false
	}
	tally := event.NewTally(p.Output.StartedAt, nil)
	r := &runner{
		page: page,
		p:    p, tally: tally, log: file, options: reportOptions(p, file.path), skipped: skipped, pid: &PidFile{}, tokens: tokens,
		table: io.Discard, policy: q.Policy, live: live.New(tally.Stats(), time.Now), queue: report.NewQueue(io.Discard, file.path),
	}
	if q.JSON != nil {
		r.json = &jsonLines{lines: q.JSON}
	}
	if q.Counts != nil {
		r.counts = q.Counts.Run()
	}
	if p.Dry && p.Mode == plan.ModeSync {
		r.book = rehearsal.New(time.Now, blind(p))
	}
	r.options.Detail = report.Quiet
	r.text = newPrinters(r.queue, file, tally, r.options)
	if q.Watch != nil {
		q.Watch(r.live, &r.mu)
	}
	notes.To(func(text string) { r.sink(event.Note{Text: text, Warn: true}) })
	pre := preamble(p, nil)
	r.text.Start(pre)
	r.countWarnings(pre.Notes)
	o := q.Options
	o.Sink, o.Trace, o.MapWriter, o.Report = r.sink, &lineWriter{text: r.text}, io.Discard, r.report
	o.Tokens, o.Version, o.Pulse = tokens.Of, program.Version(), screen.Pulse
	o.Probe, o.Delivery = probeTime, r.delivery
	o.Stop, o.Signal = q.Stop, q.Policy.Ended
	r.begin, r.loggedIn = q.Begin, q.LoggedIn
	after := r.carryOut(ctx, o, q.Stop)
	r.verify(ctx, after)
	end.Stats = tally.Stats()
	if r.book != nil {
		time := r.book.Page(end.Stats, report.ExitText).Duration
		end.Foreseen = &time
	}
	end.Code, _ = r.end("")
	end.Why, end.Faults = r.whyEnded(end.Code), r.faults
	if r.text.logLost != nil { // nobody sees what a quiet run prints
		tally.Add(event.Note{Text: "the log file is given up: " + r.text.logLost.Error(), Warn: true})
	}
	return end, true
}

// End is what a quiet run came to.
type End struct {
	Stats    *event.Stats
	Code     int
	Why      string               // what no error tells: why it did not begin, or did not come to its end
	Faults   int                  // errors that the verification at the end counted
	Foreseen *event.RehearsedTime // of a rehearsal, nil for none
}

func (e End) with(code int, err error) End {
	e.Code, e.Why = code, err.Error()
	return e
}
