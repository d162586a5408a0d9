package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/proxy"
)

// Who is let in, and who not: what the first connection to a server met and what a
// later one meets is told in the same words and ends a run with the same code.

// EntryError says that a lost connection could not be opened again. What it was
// that stood in the way belongs to the door, and not to the command that wanted
// the connection: so the cause is not unwrapped.
type EntryError struct {
	Account *Account
	Err     error
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("Host%d: the connection could not be opened again: %v", e.Account.N, e.Err)
}

// patience is for how long a run goes on trying without a message settled in
// between, unless --reconnectretryN says how often.
const patience = 10 * time.Minute

// Persists reports whether something is to be tried again that failed tries times
// and was waited for so long.
func (s *Account) Persists(tries int, waited time.Duration) bool {
	return tries <= s.Plan.ReconnectRetry || !s.Plan.ReconnectGiven && waited < patience
}

// enter opens the first connection. What may pass is tried again.
func (s *Account) enter(ctx context.Context, st *Story) (*imapconn.Conn, error) {
	begun := len(*st)
	for try := 1; ; try++ {
		err := s.detect(ctx, st)
		var c *imapconn.Conn
		if err == nil {
			c, err = s.login(ctx, st)
		}
		if err == nil {
			s.keepFloor(c)
			return c, nil
		}
		if ctx.Err() != nil || s.control.Stopping() || try > s.Plan.ReconnectRetry || !s.mayPass(err) {
			return nil, err
		}
		wait := s.control.Pause(try)
		s.control.Emit(event.Throttled{Side: s.N, For: wait, Why: "before connecting again: " + ConnectionWords(err)})
		if err := s.control.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		*st = (*st)[:begun] // one attempt is told of, the last one
	}
}

// keepFloor has every later connection be protected as the first one was.
func (s *Account) keepFloor(c *imapconn.Conn) {
	if _, on := c.TLS(); on && s.Config.TLS == imapconn.TLSAuto {
		s.Config.TLS = imapconn.TLSStart
	}
}

// mayPass reports whether a first connection that failed may succeed in a while: not
// where nobody listens, where the name is unknown, or where the server said no, also
// to a token and hanging up, unless it has too many connections for now.
func (s *Account) mayPass(err error) bool {
	var login *LoginError
	var unknown *net.DNSError
	var mute *imapconn.GreetingError
	switch {
	case isPermanent(err), s.tokenEnded(err), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case errors.As(err, &unknown):
		return unknown.IsTemporary || unknown.IsTimeout
	case errors.As(err, &mute):
		var lost *imapconn.ConnError
		silent := errors.As(err, &lost) && lost.Timeout && s.Config.TLS != imapconn.TLSImplicit // it waits for TLS
		return IsConnError(err) && !silent
	case IsRefusal(err):
		return errors.As(err, &login) && login.Crowded()
	}
	var dial *imapconn.DialError
	var handshake *imapconn.TLSError
	return IsConnError(err) || errors.As(err, &dial) || errors.As(err, &handshake)
}

// isPermanent reports whether a connection meets what no waiting changes.
func isPermanent(err error) bool {
	var handshake *imapconn.TLSError
	if errors.As(err, &handshake) && !handshake.Passing {
		return true
	}
	var own interface{ Permanent() bool } // no token can be had
	return errors.Is(err, imapconn.ErrCleartext) || errors.Is(err, imapconn.ErrLoginDisabled) || errors.As(err, &own) && own.Permanent()
}

// passes reports whether a server that encrypted the first connection refuses to
// encrypt a later one for now only, by its own words.
func (s *Account) passes(err error) bool {
	var handshake *imapconn.TLSError
	refused, ok := RefusalIn(err)
	return ok && errors.As(err, &handshake) && s.Classify(refused).Later()
}

// enterAgain opens a lost connection again, with growing pauses in between. What
// is permanent is not tried twice.
func (k *Link) enterAgain(ctx context.Context) (*imapconn.Conn, error) {
	s := k.Account
	if err := s.shut(); err != nil {
		return nil, err
	}
	var err error
	again := false // logged in once more after a refusal that may be about the session
	waited := time.Duration(0)
	for try := 0; s.Persists(try, waited); try++ {
		if k.Account.control.Stopping() {
			return nil, errors.Join(ErrStopped, err)
		}
		if try > 0 {
			wait := k.Account.control.Pause(try)
			waited += MeanBackOff(try)
			k.Account.control.Emit(event.Throttled{Side: s.N, For: wait, Why: "before connecting again: " + ConnectionWords(err)})
			if err := k.Account.control.Rest(ctx, wait, k.beside); err != nil {
				return nil, err
			}
		}
		var c *imapconn.Conn
		if c, err = s.login(ctx, nil); err == nil {
			return c, nil
		}
		if ctx.Err() != nil || IsStopped(err) {
			return nil, err
		}
		var login *LoginError
		var refused *imapconn.Response
		if errors.As(err, &login) && errors.As(err, &refused) && (refused.Status != "BYE" || s.tokenEnded(err)) {
			v := s.Classify(refused)
			if !v.Later() && (v.Action != provider.Reauth || again) {
				break
			}
			again = v.Action == provider.Reauth
		}
		if isPermanent(err) && !s.passes(err) {
			break
		}
	}
	failed := &EntryError{Account: s, Err: err}
	if k.Main {
		s.shutFor(failed)
	}
	return nil, failed
}

// shut is why no connection to the server can be opened any more, nil while that is
// not known.
func (s *Account) shut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		return nil
	}
	return s.closed
}

func (s *Account) shutFor(err *EntryError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.closed = err
	}
}

// Fault words what kept a connection from being opened.
func (s *Account) Fault(err error) event.Error {
	a := s.Plan
	e := event.Error{Class: event.ErrConnection1}
	if s.N == 2 {
		e.Class = event.ErrConnection2
	}
	var login *LoginError
	var tlsErr *imapconn.TLSError
	switch {
	case errors.Is(err, imapconn.ErrCleartext):
		e.Class = event.ErrTLS
		e.Text = event.AccountFailure(s.N, err.Error())
		e.Hint = fmt.Sprintf("use TLS, or give --nossl%d --notls%d to send the password in clear on purpose", s.N, s.N)
	case errors.As(err, &login) && IsConnError(err) && !s.tokenEnded(err):
		// Not the credentials: the server fell silent, threw us out or talked nonsense.
		e.Text = event.AccountFailure(s.N, fmt.Sprintf("the connection to [%s] ended during the login of user [%s]: %s", a.Host, a.User, ConnectionWords(err)))
		e.Hint = fmt.Sprintf("the password was neither accepted nor refused; try again later, and if it stays so, ask who runs the server of host%d (too many connections, a blocked address); --debugimap%d shows the dialogue", s.N, s.N)
	case errors.As(err, &login) && errors.Is(err, imapconn.ErrLoginDisabled):
		e = login.Fault()
		e.Text = event.LoginNotTried(s.N, a.Host, a.User, err)
		e.Hint = fmt.Sprintf("the password was not sent: give --tls%d or --ssl%d, or another mechanism with --authmech%d", s.N, s.N, s.N)
	case errors.As(err, &login) && login.Crowded():
		e = login.noRoom(e.Class)
	case errors.As(err, &login):
		e = login.Fault()
	case imapconn.IsFlood(err):
		e.Text = event.AccountFailure(s.N, fmt.Sprintf("the server of host%d [%s] is not connected to any more: %s", s.N, a.Host, err))
		e.Hint = fmt.Sprintf("something is wrong with this server, whatever it was asked: ask who runs it; --debugimap%d shows the dialogue", s.N)
	case errors.As(err, &tlsErr) && tlsErr.NotTLS:
		// imapsync counts this as a connection that failed, and so do its users.
		e.Text = event.NoConnection(s.N, a.Host, a.User, tlsErr.Cause())
		e.Hint = strings.Join(tlsErr.Advice(), "\n")
	case errors.As(err, &tlsErr):
		e.Class = event.ErrTLS
		e.Text = event.NoTLS(s.N, a.Host, tlsErr.Cause())
		e.Hint = strings.Join(tlsErr.Advice(), "\n")
	default:
		e.Text = event.NoConnection(s.N, a.Host, a.User, err)
		e.Hint = fmt.Sprintf("check --host%d and --port%d, and that the server can be reached from here", s.N, s.N)
		if refused := new(proxy.RefusedError); errors.As(err, &refused) {
			e.Hint = fmt.Sprintf("the proxy was reached and does not connect: check --proxy%d, its user and password, and what it allows; NO_PROXY names hosts that need no proxy", s.N)
		}
		var mute *imapconn.GreetingError
		if errors.As(err, &mute) && s.Config.TLS != imapconn.TLSImplicit {
			e.Hint += fmt.Sprintf("; a port that speaks TLS from the start says nothing by itself: then give --ssl%d", s.N)
		}
	}
	return e
}
