package engine

import (
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
}

// loginError is a failed login, as opposed to a failed connection.
type loginError struct {
	side *side
	err  error
}

func (e *loginError) Error() string { return e.err.Error() }
func (e *loginError) Unwrap() error { return e.err }

// tokenEnded reports whether err holds the word of this server that a token is not
// good (any more).
func (s *side) tokenEnded(err error) bool {
	refusal, ok := refusalIn(err)
	return ok && s.classify(refusal).Action == provider.Reauth
}

// wantsAnotherToken reports whether a login failed because the server hung up over
// the token, and there may be another one.
func (s *side) wantsAnotherToken(err error) bool {
	var l *loginError
	return s.tokens.Source != nil && errors.As(err, &l) && isConnError(l.err) && s.tokenEnded(l.err)
}

// fault is the error of a failed login in imapsync's words, with what to check.
func (e *loginError) fault() event.Error {
	s, a := e.side, e.side.acct
	class := event.ErrAuthUser1
	if s.n == 2 {
		class = event.ErrAuthUser2
	}
	creds := s.credentials()
	mech := creds.Mechanism()
	if mech == imapconn.MechPreauth || mech == imapconn.MechMasterAuth {
		class = event.ErrAuthMechanism // imapsync's exit code for these two
	}
	return event.Error{
		Class: class,
		Text:  fmt.Sprintf("Host%d failure: Error login on [%s] with user [%s] auth [%s]: %s", s.n, a.Host, a.User, mech, s.loginWords(e.err)),
		Hint:  s.loginHint(e.err),
	}
}

// credentials say how to log in to this account.
func (s *side) credentials() imapconn.Credentials {
	a := s.acct
	return imapconn.Credentials{
		User: a.User, AuthUser: a.AuthUser, Password: a.Password,
		Token: a.Token, TokenFile: a.TokenFile, TokenSource: s.tokens.Source,
		TokenHosts:  imapconn.TokenHosts{For: s.tokens.For, Trusted: a.TokenHosts},
		OAuthDirect: a.OAuthDirect, OAuthDirectFile: a.OAuthDirectFile,
		Mech: a.Mech, ProxyAuth: a.ProxyAuth, TryLogin: a.TryLogin, Domain: a.Domain,
	}
}

// later reports whether the server wants to see the login later: it is not the login
// that is at fault.
func (e *loginError) later() bool {
	refusal, ok := refusalIn(e.err)
	return ok && e.side.classify(refusal).Later()
}
