package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// loginWords is the server's line, and the reason that it gave within the exchange
// (JSON, for a token).
func loginWords(err error) string {
	text := serverWords(err)
	var refused *imapconn.AuthError
	if errors.As(err, &refused) && refused.Reason != "" {
		text += " (the server's reason: " + refused.Reason + ")"
	}
	return text
}

// loginHint says what to check after a login by mech that failed.
func (s *side) loginHint(mech string) string {
	a := s.acct
	switch {
	case strings.HasPrefix(mech, "XOAUTH2 direct"):
		return fmt.Sprintf("check --user%d and what --oauthdirect%d holds: user and token in one, in base64", s.n, s.n)
	case strings.HasPrefix(mech, "XOAUTH2"), strings.HasPrefix(mech, "OAUTHBEARER"):
		return fmt.Sprintf("check --user%d and the token: it may have expired (they last about an hour), or be for another user or without the right to read mail by IMAP", s.n)
	case a.PasswordFrom == "":
		return fmt.Sprintf("check --user%d; no password was sent", s.n)
	}
	hint := fmt.Sprintf("check --user%d and the password (from %s)", s.n, a.PasswordFrom)
	if password := a.Password.Reveal(); strings.HasPrefix(a.PasswordFrom, "--passfile") && strings.TrimRight(password, " \t") != password {
		hint += fmt.Sprintf("\nthe first line of the file of %s ends with a blank, which is taken as a part of the password", a.PasswordFrom)
	}
	return hint
}
