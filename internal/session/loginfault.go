package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// Tokens are where an account's access tokens come from.
type Tokens struct {
	// Source gives them; nil for an account without.
	Source imapconn.TokenSource
	// For reports whether they are for a host, nil for any (imapconn.TokenHosts).
	For func(host string) bool
	// Scope tells what the present token may do; nil where nobody knows.
	Scope func(ctx context.Context) event.TokenScope
}

// LoginError is a failed login, as opposed to a failed connection.
type LoginError struct {
	Account *Account
	Err     error
}

func (e *LoginError) Error() string { return e.Err.Error() }
func (e *LoginError) Unwrap() error { return e.Err }

// tokenEnded reports whether err holds the word of this server that a token is not
// good (any more).
func (s *Account) tokenEnded(err error) bool {
	refusal, ok := RefusalIn(err)
	return ok && s.Classify(refusal).Action == provider.Reauth
}

// wantsAnotherToken reports whether a login failed because the server hung up over
// the token, and there may be another one.
func (s *Account) wantsAnotherToken(err error) bool {
	var l *LoginError
	return s.tokens.Source != nil && errors.As(err, &l) && IsConnError(l.Err) && s.tokenEnded(l.Err)
}

// Fault is the error of a failed login in imapsync's words, with what to check.
func (e *LoginError) Fault() event.Error {
	s, a := e.Account, e.Account.Plan
	class := event.ErrAuthUser1
	if s.N == 2 {
		class = event.ErrAuthUser2
	}
	creds := s.credentials()
	mech := creds.Mechanism()
	if mech == imapconn.MechPreauth || mech == imapconn.MechMasterAuth {
		class = event.ErrAuthMechanism // imapsync's exit code for these two
	}
	return event.Error{
		Class: class,
		Text:  event.NoLogin(s.N, a.Host, a.User, mech, s.loginWords(e.Err)),
		Hint:  s.loginHint(e.Err),
	}
}

// credentials say how to log in to this account.
func (s *Account) credentials() imapconn.Credentials {
	a := s.Plan
	return imapconn.Credentials{
		User: a.User, AuthUser: a.AuthUser, Password: a.Password,
		Token: a.Token, TokenFile: a.TokenFile, TokenSource: s.tokens.Source,
		TokenHosts:  imapconn.TokenHosts{For: s.tokens.For, Trusted: a.TokenHosts},
		OAuthDirect: a.OAuthDirect, OAuthDirectFile: a.OAuthDirectFile,
		Mech: a.Mech, ProxyAuth: a.ProxyAuth, TryLogin: a.TryLogin, Domain: a.Domain,
	}
}

// Later reports whether the server wants to see the login later: it is not the login
// that is at fault.
func (e *LoginError) Later() bool {
	refusal, ok := RefusalIn(e.Err)
	return ok && e.Account.Classify(refusal).Later()
}

// Crowded reports whether the server had no room for the login, and did not judge it.
func (e *LoginError) Crowded() bool {
	r, ok := RefusalIn(e.Err)
	return ok && provider.Crowded(reply(r))
}

// noRoom is the error of a first login for which the server has no room.
func (e *LoginError) noRoom(class event.Class) event.Error {
	s, a := e.Account, e.Account.Plan
	return event.Error{
		Class: class,
		Text:  event.AccountFailure(s.N, fmt.Sprintf("the server [%s] has no room for the login of user [%s] now: %s", a.Host, a.User, s.loginWords(e.Err))),
		Hint: fmt.Sprintf("the password was neither accepted nor refused; close other programs that read this account, run fewer at the same time (--connections, --jobs), "+
			"and try again later; if it stays so, ask who runs the server of host%d how many connections it allows", s.N),
	}
}
