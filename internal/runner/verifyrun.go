package runner

import (
	"context"
	"errors"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/proof"
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
	c, err := proof.Begin(r.p)
	if err != nil {
		r.text.Line("Error: %s", err)
		r.verified, r.faults = event.ExitNoFile, 1
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
		r.text.Line("Error: %s", err)
		r.verified = event.ExitNoFile
	case err != nil && ctx.Err() != nil:
		r.text.Line("The verification was interrupted: the list above is not complete.")
		r.verified = event.ExitBySignal
	case err != nil:
		r.text.Line("Error: the verification is not complete: %s", strings.TrimSpace(err.Error()))
		r.verified = proof.ExitCode(err)
	case !sum.OK():
		r.verified = event.ExitDiffers
		r.faults = int(sum.Counted)
	}
	if r.verified != event.ExitOK {
		r.faults = max(r.faults, 1)
		r.text.Line("Detected %d errors, %d of them by the verification", stats.ErrorCount+r.faults, r.faults)
	}
}
