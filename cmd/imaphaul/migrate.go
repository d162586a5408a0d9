package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
)

// migrate carries out a plan from the first line printed to the last. sig is
// the signal by which the process should end, nil for none.
func migrate(p *plan.Plan, stdout, stderr io.Writer) (code int, sig os.Signal) {
	early := refusal{p: p, stdout: stdout, stderr: stderr, logName: logPath(p)}
	notes := new(lateNotes)
	tokens, err := makeTokens(p, notes.say)
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
	defer pid.release()
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
	if p.Folders.PrintMap != "" {
		out = stderr // standard output is for the table alone
	}
	options := reportOptions(p, log.path)
	queue := report.NewQueue(out, log.path)
	text := newPrinters(queue, log, tally, options)
	r := &runner{p: p, tally: tally, text: text, queue: queue, log: log, options: options, skipped: skipped, pid: pid, table: stdout, tokens: tokens}
	notes.to(func(text string) { r.sink(event.Note{Text: text, Warn: true}) })
	return r.run(preamble(p, pidNotes))
}
