// Package runner carries out a plan from the first line printed to the last: Migrate does
// it as the whole of a process, Quiet as one of many runs in it. What a run needs beside
// the engine is put together here: log, printers, page, lines of JSON, counts, signals,
// the pid file, the verification at its end.
package runner

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/metrics"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/statusfile"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// abortPoll is how often the file of --abortbyfile is looked for.
const abortPoll = 500 * time.Millisecond

// runner is one run with its printers.
type runner struct {
	p       *plan.Plan
	tally   *event.Tally
	text    *printers
	live    *live.State
	screen  screen.Screen
	panel   *live.Panel      // nil for none
	json    *jsonLines       // nil for none
	book    *rehearsal.Book  // nil but in a rehearsal
	counts  *metrics.Run     // nil for none
	served  string           // where the counts are served
	status  *statusfile.File // nil when the run cannot be asked
	queue   *report.Queue
	log     *logFile
	options report.Options
	skipped *report.SkippedFile
	pid     *PidFile
	table   io.Writer
	tokens  tokens.Sources

	mu     sync.Mutex // one event at a time
	byFile atomic.Bool
	// following: the first pass of following is over; awake is the longest silence
	// while something is done.
	following atomic.Bool
	awake     time.Duration
	policy    *signals.Policy
	// loggedIn is told of logins that were accepted, nil for none.
	loggedIn func(event.Side)
	// begin waits for the turn of a pass among the rows of a batch, nil for none.
	begin    func(context.Context) (end func(), err error)
	stopOnce sync.Once

	page *runpage.Page // of --report, nil for none
	// verified is the exit code that the verification at the end asks for, faults are the
	// errors that it counts: what differs, and one for a verification that failed.
	verified, faults int
	// failed is why that verification could not be done, "" when it was.
	failed string
	// unsaid is what could not be written of a run that has no other fault, nil for nothing.
	unsaid error
}

// sink folds an event into the figures and shows it to every printer.
func (r *runner) sink(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(e)
	if _, last := e.(event.Finished); last && r.book != nil {
		r.tell(r.book.Page(r.tally.Stats(), report.ExitText))
	}
}

// tell is sink for one event; r.mu is held.
func (r *runner) tell(e event.Event) {
	r.tally.Add(e)
	r.live.Event(e)
	r.follows(e)
	if r.book != nil {
		r.book.Event(e)
	}
	if r.page != nil {
		r.page.Recorder.Event(e)
	}
	if r.json != nil {
		r.json.lines.Event(e)
	}
	if r.counts != nil {
		r.counts.Event(e)
	}
	if in, ok := e.(event.LoggedIn); ok && r.loggedIn != nil {
		r.loggedIn(in.Side)
	}
	r.announce(e)
	r.text.Event(e)
	if r.skipped != nil {
		r.skipped.Event(e)
	}
}

// stoppedBy tells the engine who asked it to stop. A signal that follows the file
// counts for more: the process ends by it.
func (r *runner) stoppedBy() event.StopReason {
	if r.policy.Ended() == "" && r.byFile.Load() {
		return event.StopFile
	}
	return event.StopSignal
}

// report writes the message of --emailreportN, of the figures so far.
func (r *runner) report(q engine.ReportRequest) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := report.Mail{Side: q.Side, From: r.p.Output.EmailReportFrom, MessageID: q.MessageID, Date: time.Now()}
	return m.Compose(r.tally.Ending(q.Finished), r.options)
}

func (r *runner) run(pre report.Preamble) (code int, sig os.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	finish := func() { r.stopOnce.Do(func() { close(stop) }) }
	force := &signals.Force{PidFile: r.pid.Path, Abort: r.page.Abort}
	r.policy = &signals.Policy{Run: r.p.Run, Finish: finish, Now: cancel, Force: force.End, Emit: r.signalled}

	if r.p.Debug.Signals || r.p.Debug.All {
		r.policy.Debug = func(line string) { r.sink(event.Debug{Topic: "sig", Text: line}) }
	}

	// Handlers first: from here on a signal ends the run in good order.
	done := r.policy.Listen()
	if r.policy.Answers("USR1") {
		r.status = statusfile.New()
	}
	defer r.status.Remove()
	abortFile := r.pid.abortFile()
	watching, endWatch := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if abortFile == "" {
			return
		}
		tick := time.NewTicker(abortPoll)
		defer tick.Stop()
		pidfile.Watch(watching, abortFile, tick.C, func() {
			r.byFile.Store(true)
			r.text.Line("Asked to terminate by file %s", abortFile)
			finish()
		})
	}()

	r.text.Start(pre)
	if r.served != "" {
		r.sink(event.Note{Text: "Metrics are served at http://" + r.served + "/metrics"})
	}
	r.countWarnings(pre.Notes)
	unwatch := r.watch()
	if r.policy.Debug != nil {
		for _, line := range r.policy.Outlook(os.Getpid()) {
			r.policy.Debug(line)
		}
	}
	fin := event.Finished{Mode: string(plan.ModeJustBanner)}
	var after <-chan struct{} = stop
	if r.p.Mode == plan.ModeJustBanner {
		r.sink(fin)
	} else {
		after = r.carryOut(ctx, engine.Options{
			Sink: r.sink, Trace: &lineWriter{text: r.text}, MapWriter: r.table, Report: r.report,
			Tokens: r.tokens.Of, Version: program.Version(), Pulse: screen.Pulse,
			Probe: probeTime, Delivery: r.delivery,
			Stop: stop, StoppedBy: r.stoppedBy, Signal: r.policy.Ended,
		}, stop)
	}
	r.verify(ctx, after)
	unwatch()
	endWatch()
	<-watched
	done()
	return r.end(abortFile)
}

// countWarnings adds what was warned of before the first event to the figures, so
// that it is repeated at the end like all warnings.
func (r *runner) countWarnings(notes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range notes {
		if text, ok := strings.CutPrefix(n, "Warning: "); ok {
			r.tally.Add(event.Note{Text: text, Warn: true})
		}
	}
}

// end prints the last lines and removes what belongs to this process.
func (r *runner) end(abortFile string) (int, os.Signal) {
	code := r.tally.Stats().ExitCode()
	if code == event.ExitOK {
		code = r.verified
	}
	var notes []error
	// Who reads a list, the events or a page believes that it is all.
	lost := func(err error) {
		notes = append(notes, err)
		if err != nil && code == event.ExitOK {
			code, r.unsaid = event.ExitCatchAll, err
		}
	}
	if r.skipped != nil {
		lost(r.skipped.Close())
	}
	if r.json != nil {
		lost(r.json.end(code, r.tally.Stats(), r.faults))
	}
	if r.page != nil {
		lost(r.page.Finish(r.page.Recorder.Run(r.tally.Stats(), r.options, code, runpage.About(r.p))))
	}
	ending := report.Ending{Code: code, Errors: r.tally.Stats().ErrorCount + r.faults}
	if r.byFile.Load() {
		if err := os.Remove(abortFile); err == nil {
			ending.AbortFile = abortFile
		} else if !errors.Is(err, os.ErrNotExist) {
			notes = append(notes, err)
		}
	}
	removed, err := r.pid.remove()
	if removed != "" {
		ending.PidFile = removed
	}
	for _, err := range append(notes, err) {
		if err != nil {
			r.text.Line("Warning: %v", err)
		}
	}
	r.text.Exit(ending)
	told := r.text.Close()
	if err := r.queue.Close(); err != nil {
		told = errors.Join(told, r.log.lostOutput(err))
	}
	if r.panel != nil {
		r.panel.Close()
	}
	if told != nil && code == event.ExitOK {
		// Nobody could read what was done: that is no success.
		code, r.unsaid = event.ExitCatchAll, told
	}
	if name := r.policy.Ended(); name != "" && code == event.ExitBySignal {
		return code, signals.ByName[name]
	}
	return code, nil
}
