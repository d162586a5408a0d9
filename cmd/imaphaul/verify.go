package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// verifyCommand does what "imaphaul verify" was asked for, and returns the exit code.
func verifyCommand(p *plan.Plan, out, errOut io.Writer) int {
	page, err := beginPage(p)
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
	a := about(p)
	if p.Proof.Against != "" {
		a.From = "the certificate " + p.Proof.Against
	}
	if err := page.finish(page.recorder.Verification(began, code, failed, a)); err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return firstCode(code, event.ExitNoFile)
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
func verifyPlan(p *plan.Plan, page *pageOf, out, errOut io.Writer) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	for _, note := range p.Output.Notes {
		_, _ = fmt.Fprintln(errOut, note)
	}
	notes := new(lateNotes)
	tokens, err := makeTokens(p, notes.say)
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return event.ExitUsage
	}
	notes.to(func(text string) { _, _ = fmt.Fprintf(errOut, "Warning: %s\n", text) })
	var sum *verification.Summary
	var printer verification.Printer
	if p.Proof.Against != "" {
		c, openErr := certificate.Open(p.Proof.Against)
		if openErr != nil {
			_, _ = fmt.Fprintf(errOut, "Error: --against: %v\n", openErr)
			return event.ExitNoInput
		}
		defer func() { _ = c.Close() }() // it was only read
		printer = withPage(verification.NewPrinter(p.Proof.Format, out), page)
		sum, err = verifyAgainst(ctx, p, c, tokens, errOut, printer)
	} else {
		c, beginErr := beginCertificate(p)
		if beginErr != nil {
			_, _ = fmt.Fprintf(errOut, "Error: %v\n", beginErr)
			return event.ExitNoFile
		}
		printer = withPage(verification.NewPrinter(p.Proof.Format, out), page)
		sum, err = verifyAccounts(ctx, p, c, tokens, &traceWriter{w: errOut}, printer, [3]map[string]int64{})
	}
	told := printer.End(sum)
	var lost *fileError
	switch {
	case errors.As(err, &lost):
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return event.ExitNoFile
	case err != nil && ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "Interrupted: the list above is not complete.")
		return event.ExitBySignal
	case err != nil:
		_, _ = fmt.Fprintf(errOut, "Error: the verification is not complete: %v\n", err)
		return verifyExit(err)
	case told != nil:
		_, _ = fmt.Fprintf(errOut, "Error: standard output: %v\n", told)
		return event.ExitCatchAll
	case !sum.OK():
		return event.ExitDiffers
	}
	return event.ExitOK
}

// verifyAccounts holds both accounts of a plan against each other. ran are the commands
// that a run sent before, by side.
func verifyAccounts(ctx context.Context, p *plan.Plan, c *certifying, tokens tokenSources, trace io.Writer, printer verification.Printer, ran [3]map[string]int64) (*verification.Summary, error) {
	o := verification.Options{Row: printer.Row, Note: printer.Note, Ran: ran}
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		account, err := openAccount(a, i+1, p, tokens, trace)
		if err != nil {
			c.abort()
			return &verification.Summary{Incomplete: true}, err
		}
		o.Accounts[i] = account
	}
	c.attach(&o)
	sum, err := verification.Run(ctx, p, o)
	if err != nil {
		c.abort()
		return sum, err
	}
	if err := c.end(sum); err != nil {
		return sum, &fileError{err}
	}
	return sum, nil
}

// fileError is a certificate that could not be written.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// verifyAgainst holds host2 against a certificate.
func verifyAgainst(ctx context.Context, p *plan.Plan, c *certificate.Reader, tokens tokenSources, trace io.Writer, printer verification.Printer) (*verification.Summary, error) {
	account, err := openAccount(&p.Host2, 2, p, tokens, trace)
	if err != nil {
		return &verification.Summary{Incomplete: true}, err
	}
	return verification.Against(ctx, p, c, verification.Options{Row: printer.Row, Note: printer.Note, Accounts: [2]*access.Account{1: account}})
}

// openAccount prepares one account of a plan for reading.
func openAccount(a *plan.Account, side int, p *plan.Plan, tokens tokenSources, trace io.Writer) (*access.Account, error) {
	t := tokens.of(event.Side(side))
	return access.New(a, access.Options{
		Side: side, Tokens: t.Source, TokenFor: t.For, Trace: trace,
		SlowIn: access.Slow(p.Limits.MaxBytesPerSecond, p.Limits.MaxSleep), Version: programVersion(),
	})
}

// verifyExit is the exit code of a verification that could not be done.
func verifyExit(err error) int {
	side := 1
	var of *verification.SideError
	if errors.As(err, &of) {
		side = of.Side
	}
	var login *access.LoginError
	var tls *imapconn.TLSError
	var dial *imapconn.DialError
	var greeting *imapconn.GreetingError
	var lost *imapconn.ConnError
	switch {
	case errors.Is(err, imapconn.ErrCleartext), errors.As(err, &tls):
		return event.ExitTLS
	case errors.As(err, &login) && login.Crowded():
		return event.ExitConnection1 + side - 1
	case errors.As(err, &login):
		return event.ExitAuthenticateUser1 + side - 1
	case errors.As(err, &dial), errors.As(err, &greeting), errors.As(err, &lost):
		return event.ExitConnection1 + side - 1
	}
	return event.ExitErrors
}
