package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/doctor"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/proof"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// doctorCommand does what "imaphaul doctor" was asked for, and returns the exit code.
func doctorCommand(p *plan.Plan, out, errOut io.Writer) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	for _, note := range p.Output.Notes {
		_, _ = fmt.Fprintln(errOut, note)
	}
	notes := new(tokens.LateNotes)
	tokens, err := tokens.Make(p, notes.Say)
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return event.ExitUsage
	}
	notes.To(func(text string) { _, _ = fmt.Fprintf(errOut, "Warning: %s\n", text) })
	var transcript *os.File
	if p.Doctor.Transcript != "" {
		if transcript, err = os.OpenFile(p.Doctor.Transcript, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			_, _ = fmt.Fprintf(errOut, "Error: --transcript: %v\n", err)
			return event.ExitNoFile
		}
	}
	trace := &traceWriter{w: errOut}
	r := doctor.Run(ctx, p, doctor.Options{
		Version: program.Version(),
		Open: func(a *plan.Account, side int) (*access.Account, error) {
			return proof.Open(a, side, p, tokens, trace)
		},
	})
	code := r.ExitCode()
	if transcript != nil {
		err := r.WriteTranscript(transcript)
		if closed := transcript.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_, _ = fmt.Fprintf(errOut, "Error: --transcript %s: %v\n", p.Doctor.Transcript, err)
			code = cmp.Or(code, event.ExitNoFile)
		}
	}
	write := r.WriteText
	if p.Doctor.JSON {
		write = r.WriteJSON
	} else {
		out = screen.Wrapped(out)
	}
	if err := write(out); err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: standard output: %v\n", err)
		code = cmp.Or(code, event.ExitCatchAll)
	}
	return code
}
