package session

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// loginWords are the server's words, the reason that came with them (JSON, for a
// token), and why there is no other token.
func (s *Account) loginWords(err error) string {
	words := ServerWords(err)
	var auth *imapconn.AuthError
	if errors.As(err, &auth) && auth.Reason != "" {
		words += " (the server's reason: " + auth.Reason + ")"
	}
	var token *imapconn.TokenError
	if errors.As(err, &token) {
		words += "; another token cannot be had: " + token.Err.Error()
	}
	return strings.ReplaceAll(words, "{N}", strconv.Itoa(int(s.N)))
}

// loginHint says what a refusal means, if that is known, and what to check.
func (s *Account) loginHint(err error) string {
	a, n := s.Plan, strconv.Itoa(int(s.N))
	var own interface {
		Advice(side, user string) string
	}
	if errors.As(err, &own) {
		if remedy := own.Advice(n, a.User); remedy != "" {
			return remedy
		}
	}
	if errors.Is(err, imapconn.ErrTokenHost) {
		return "check --host" + n + "; a token is worth as much as a password"
	}
	if advice, ok := provider.Advise(a.Host+" "+s.Banner, err.Error()); ok {
		return advice.Cause + ": " + advice.For(n, a.User) + s.blankHint()
	}
	creds := s.credentials()
	mech := creds.Mechanism()
	switch {
	case strings.HasPrefix(mech, "XOAUTH2 direct"):
		return fmt.Sprintf("check --user%d and what --oauthdirect%d holds: user and token in one, in base64", s.N, s.N)
	case isToken(mech):
		return fmt.Sprintf("check --user%d and the token: it may have expired (they last about an hour), or be for another user or server, or without the right to read mail by IMAP", s.N)
	case a.PasswordFrom == "":
		return fmt.Sprintf("check --user%d; no password was sent", s.N)
	}
	return fmt.Sprintf("check --user%d and the password (from %s)", s.N, a.PasswordFrom) + s.blankHint()
}

// isToken reports whether a login by this mechanism sends a token.
func isToken(mech string) bool {
	mech = strings.ToUpper(mech)
	return strings.HasPrefix(mech, "XOAUTH2") || strings.HasPrefix(mech, "OAUTHBEARER")
}

// blankHint is a further line of advice for a password from a file whose first line
// ends with a blank, "" otherwise.
func (s *Account) blankHint() string {
	a := s.Plan
	password := a.Password.Reveal()
	creds := s.credentials()
	if isToken(creds.Mechanism()) || !strings.HasPrefix(a.PasswordFrom, "--passfile") || strings.TrimRight(password, " \t") == password {
		return ""
	}
	return fmt.Sprintf("\nthe first line of the file of %s ends with a blank, which is taken as a part of the password", a.PasswordFrom)
}
