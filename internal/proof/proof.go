// Package proof carries out the verification that a plan asks for: it opens the accounts,
// has package verification compare them, writes the certificate, and knows the exit code.
package proof

import (
	"context"
	"errors"
	"io"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/tokens"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// Verify holds both accounts of a plan against each other. ran are the commands
// that a run sent before, by side.
func Verify(ctx context.Context, p *plan.Plan, c *Certificate, tokens tokens.Sources, trace io.Writer, printer verification.Printer, ran [3]map[string]int64) (*verification.Summary, error) {
	o := verification.Options{Row: printer.Row, Note: printer.Note, Ran: ran}
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		account, err := Open(a, i+1, p, tokens, trace)
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
		return sum, &FileError{err}
	}
	return sum, nil
}

// FileError is a certificate that could not be written.
type FileError struct{ err error }

func (e *FileError) Error() string { return e.err.Error() }

// Unwrap is why it could not.
func (e *FileError) Unwrap() error { return e.err }

// Against holds host2 against a certificate.
func Against(ctx context.Context, p *plan.Plan, c *certificate.Reader, tokens tokens.Sources, trace io.Writer, printer verification.Printer) (*verification.Summary, error) {
	account, err := Open(&p.Host2, 2, p, tokens, trace)
	if err != nil {
		return &verification.Summary{Incomplete: true}, err
	}
	return verification.Against(ctx, p, c, verification.Options{Row: printer.Row, Note: printer.Note, Accounts: [2]*access.Account{1: account}})
}

// Open prepares one account of a plan for reading.
func Open(a *plan.Account, side int, p *plan.Plan, tokens tokens.Sources, trace io.Writer) (*access.Account, error) {
	t := tokens.Of(event.Side(side))
	return access.New(a, access.Options{
		Side: side, Tokens: t.Source, TokenFor: t.For, Trace: trace,
		SlowIn: access.Slow(p.Limits.MaxBytesPerSecond, p.Limits.MaxSleep), Version: program.Version(),
	})
}

// ExitCode is the exit code of a verification that could not be done.
func ExitCode(err error) int {
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
