package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/proof"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/tokens"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// verifyCommand does what "imaphaul verify" was asked for, and returns the exit code.
func verifyCommand(p *plan.Plan, out, errOut io.Writer) int {
	page, err := runpage.Begin(p)
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return event.ExitNoFile
	}
	began := time.Now()
	var told strings.Builder
	code := verifyPlan(p, page, out, io.MultiWriter(errOut, &told))
	if page == nil {
		return code
	}
	failed := ""
	if code != event.ExitOK && code != event.ExitDiffers {
		failed = errorsIn(told.String())
	}
	a := runpage.About(p)
	if p.Proof.Against != "" {
		a.From = "the certificate " + p.Proof.Against
	}
	if err := page.Finish(page.Recorder.Verification(began, code, failed, a)); err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return cmp.Or(code, event.ExitNoFile)
	}
	return code
}

// errorsIn are the errors in what was printed, without warnings and notes.
func errorsIn(printed string) string {
	var out []string
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "Error: "); ok {
			out = append(out, text)
		} else if strings.HasPrefix(line, "Interrupted: ") {
			out = append(out, line)
		}
	}
	return strings.Join(out, " ")
}

// verifyPlan verifies, and has the page take what is found.
func verifyPlan(p *plan.Plan, page *runpage.Page, out, errOut io.Writer) int {
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
	if p.Proof.Format == "" {
		out = screen.Wrapped(out)
	}
	var sum *verification.Summary
	var printer verification.Printer
	if p.Proof.Against != "" {
		c, openErr := certificate.Open(p.Proof.Against)
		if openErr != nil {
			_, _ = fmt.Fprintf(errOut, "Error: --against: %v\n", openErr)
			return event.ExitNoInput
		}
		defer func() { _ = c.Close() }() // it was only read
		printer = runpage.WithPage(verification.NewPrinter(p.Proof.Format, out), page)
		sum, err = proof.Against(ctx, p, c, tokens, errOut, printer)
	} else {
		c, beginErr := proof.Begin(p)
		if beginErr != nil {
			_, _ = fmt.Fprintf(errOut, "Error: %v\n", beginErr)
			return event.ExitNoFile
		}
		printer = runpage.WithPage(verification.NewPrinter(p.Proof.Format, out), page)
		sum, err = proof.Verify(ctx, p, c, tokens, &traceWriter{w: errOut}, printer, [3]map[string]int64{})
	}
	told := printer.End(sum)
	var lost *proof.FileError
	switch {
	case errors.As(err, &lost):
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return event.ExitNoFile
	case err != nil && ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "Interrupted: the list above is not complete.")
		return event.ExitBySignal
	case err != nil:
		_, _ = fmt.Fprintf(errOut, "Error: the verification is not complete: %v\n", err)
		return proof.ExitCode(err)
	case told != nil:
		_, _ = fmt.Fprintf(errOut, "Error: standard output: %v\n", told)
		return event.ExitCatchAll
	case !sum.OK():
		return event.ExitDiffers
	}
	return event.ExitOK
}
