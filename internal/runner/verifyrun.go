package runner

import (
	"context"
	"errors"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/proof"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// verify holds both accounts against each other at the end of a run (--verify), as
// lines of its output. stop ends it, as it does the run.
func (r *runner) verify(ctx context.Context, stop <-chan struct{}) {
	if r.p.Proof.LeftOut != "" {
		r.text.Line("Note: %s", r.p.Proof.LeftOut)
	}
	if r.p.Proof.Depth == "" {
		return
	}
	stats := r.tally.Stats()
	if stats.Finished.Stopped != "" || stats.Finished.Fatal != nil || stats.LoopStarted.IsZero() {
		r.text.Line("The verification is left out, since the run did not come to its end.")
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-stop:
			cancel()
		case <-over:
		}
	}()
	defer r.countFaults(stats.ErrorCount)
	c, err := proof.Begin(r.p)
	if err != nil {
		r.verified, r.failed = event.ExitNoFile, err.Error()
		r.text.Line("Error: %s", r.failed)
		return
	}
	r.text.Line("++++ Verification (%s)", r.p.Proof.Depth)
	lines := &lineWriter{text: r.text}
	printer := runpage.WithPage(verification.NewPrinter("", lines), r.page)
	sum, err := proof.Verify(ctx, r.p, c, r.tokens, lines, printer, stats.Finished.CommandNames)
	_ = printer.End(sum) // its lines are those of the run, whose loss is told there
	var lost *proof.FileError
	switch {
	case errors.As(err, &lost):
		r.verified, r.failed = event.ExitNoFile, err.Error()
		r.text.Line("Error: %s", r.failed)
	case err != nil && ctx.Err() != nil:
		r.verified, r.failed = event.ExitBySignal, "The verification was interrupted: the list above is not complete."
		r.text.Line("%s", r.failed)
	case err != nil:
		r.verified, r.failed = proof.ExitCode(err), "the verification is not complete: "+strings.TrimSpace(err.Error())
		r.text.Line("Error: %s", r.failed)
	case !sum.OK():
		r.verified = event.ExitDiffers
		r.faults = int(sum.Counted)
	}
}

// countFaults counts what the verification found beside the errors of the run.
func (r *runner) countFaults(run int) {
	if r.verified == event.ExitOK {
		return
	}
	r.faults = max(r.faults, 1)
	r.text.Line("%s", report.DetectedInAll(run, r.faults))
	if r.page != nil {
		r.page.Recorder.VerifiedRun(r.faults, r.failed)
	}
}
