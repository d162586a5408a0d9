package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// Migrate carries out a plan from the first line printed to the last. sig is
// the signal by which the process should end, nil for none.
func Migrate(p *plan.Plan, stdout, stderr io.Writer) (code int, sig os.Signal) {
	early := refusal{p: p, stdout: stdout, stderr: stderr, logName: LogPath(p)}
	notes := new(tokens.LateNotes)
	tokens, err := tokens.Make(p, notes.Say)
	if err != nil {
		return early.end(event.ExitUsage, err), nil
	}
	if err := os.MkdirAll(p.Output.TmpDir, 0o700); err != nil {
		return early.end(event.ExitNoFile, fmt.Errorf("the directory of temporary files cannot be made: %w (choose another with --tmpdir)", err)), nil
	}
	// The pid file first: the log may be that of the run which holds it.
	pid, pidNotes, followed, err := claim(p, early.logName, stdout)
	if err != nil {
		if errors.Is(err, pidfile.ErrHeld) && belongsToAnother(p.Output.PidFile, early.logName) {
			early.logName = ""
		}
		return early.end(event.ExitPidFile, err), nil
	}
	if followed {
		return event.ExitOK, nil
	}
	defer pid.Release()
	log, err := openLog(early.logName)
	if err != nil {
		early.logName = ""
		return early.end(event.ExitNoFile, err), nil
	}
	defer log.close()
	early.log = log
	var skipped *report.SkippedFile
	if path := p.Transfer.SkippedFile; path != "" {
		if skipped, err = report.CreateSkipped(path); err != nil {
			return early.end(event.ExitNoFile, err), nil
		}
	}
	if dir := p.Transfer.SaveDir; dir != "" && !p.Dry {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return early.end(event.ExitNoFile, fmt.Errorf("--savedir %q cannot be made: %w (choose another directory)", dir, err)), nil
		}
	}

	tally := event.NewTally(p.Output.StartedAt, nil)
	out := stdout
	lines, err := openJSON(p, stdout)
	if err != nil {
		return early.end(event.ExitNoFile, err), nil
	}
	counts, err := OpenMetrics(p.View.Metrics)
	if err != nil {
		return early.end(event.ExitUnavailable, err), nil
	}
	defer counts.Close()
	if p.View.JSON == "-" {
		out = io.Discard
	}
	if p.Folders.PrintMap != "" {
		out = stderr // standard output is for the table alone
	}
	options := reportOptions(p, log.path)
	r := &runner{p: p, tally: tally, log: log, options: options, skipped: skipped, pid: pid, table: stdout, tokens: tokens, json: lines}
	if r.page, err = runpage.Begin(p); err != nil {
		return early.end(event.ExitNoFile, err), nil
	}
	if counts != nil {
		r.counts = counts.Run()
		r.served = counts.server.Addr()
	}
	r.live = live.New(tally.Stats(), time.Now)
	if p.Dry && p.Mode == plan.ModeSync && p.Folders.PrintMap == "" {
		r.book = rehearsal.New(time.Now, blind(p))
	}
	r.screen = screen.New(p.View, out, stderr, p.Folders.PrintMap != "")
	if r.screen.Panel != nil {
		if r.panel, err = live.NewPanel(r.screen.Panel, r.view, r.screen.Colour); err != nil {
			r.page.Abort()
			return early.end(event.ExitSoftware, err), nil
		}
		if r.screen.Over {
			out = r.panel
		}
	}
	r.queue = report.NewQueue(out, log.path)
	options.Colour = r.screen.Colour
	r.text = newPrinters(r.queue, log, tally, options)
	notes.To(func(text string) { r.sink(event.Note{Text: text, Warn: true}) })
	return r.run(preamble(p, pidNotes))
}
