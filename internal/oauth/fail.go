package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// Error is a token that could not be had.
type Error struct {
	// What was tried, and where.
	What string
	// Cause is in words; Remedy is what to do about it, with {N} and {user} as in
	// provider.Advice, or empty.
	Cause, Remedy string
	// Code is the OAuth error code, empty when no endpoint answered with one.
	Code string
	// Temporary: the same may work in a moment.
	Temporary bool
}

// Error tells what failed and why.
func (e *Error) Error() string { return e.What + ": " + e.Cause }

// Advice is the remedy for one side and user, empty when none is known.
func (e *Error) Advice(side, user string) string {
	return provider.Advice{Remedy: e.Remedy}.For(side, user)
}

// Permanent reports that trying again is of no use.
func (e *Error) Permanent() bool { return !e.Temporary }

// passing are the OAuth codes of failures that pass (RFC 6749 section 4.1.2.1).
var passing = map[string]bool{"temporarily_unavailable": true, "server_error": true, "slow_down": true}

// explain turns the error of a request into words. hide are the secrets that
// were in the request, should the answer quote them.
func explain(what string, err error, hide ...secret.Secret) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	e := &Error{What: what}
	var refused *oauth2.RetrieveError
	var uerr *url.Error
	switch {
	case errors.As(err, &refused):
		completed(refused)
		e.Code = printable(refused.ErrorCode, 100, hide)
		text := printable(refused.ErrorDescription, 500, hide)
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		e.Temporary = status >= 500 || status == 408 || status == 429 || passing[refused.ErrorCode]
		e.Cause = e.Code
		if text != "" {
			e.Cause = strings.TrimPrefix(e.Cause+": "+text, ": ")
		}
		if e.Cause == "" {
			e.Cause = fmt.Sprintf("the endpoint answers with HTTP status %d and no reason", status)
			if status >= 300 && status < 400 {
				e.Cause += " (redirects are not followed: give the final URL)"
			}
		}
		if a, ok := provider.Advise("", e.Code+": "+refused.ErrorDescription); ok {
			e.Cause += "; this means: " + a.Cause
			e.Remedy = a.Remedy
		}
	case errors.As(err, &uerr):
		e.Temporary = true
		e.Cause = printable(uerr.Err.Error(), 300, hide)
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			e.Temporary = false
			e.Remedy = "check the URL of the token endpoint and the network"
		}
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "cannot fetch token: "):
		// The second is how oauth2/jwt tells that there was no answer.
		e.Temporary, e.Cause = true, "no answer in time"
		if _, why, ok := strings.Cut(err.Error(), "cannot fetch token: "); ok {
			e.Cause = printable(why, 300, hide)
		}
	default:
		e.Cause = printable(err.Error(), 300, hide)
	}
	return e
}

// completed reads the code out of the answer where the library left it there.
func completed(r *oauth2.RetrieveError) {
	if r.ErrorCode != "" {
		return
	}
	var said struct {
		Code string `json:"error"`
		Text string `json:"error_description"`
	}
	if json.Unmarshal(r.Body, &said) == nil {
		r.ErrorCode, r.ErrorDescription = said.Code, said.Text
	}
}

// printable is a text of a server as it may be shown: without the secrets,
// without control characters, not too long.
func printable(s string, most int, hide []secret.Secret) string {
	for _, h := range hide {
		if h.IsSet() {
			s = strings.ReplaceAll(s, h.Reveal(), secret.Masked)
			s = strings.ReplaceAll(s, url.QueryEscape(h.Reveal()), secret.Masked)
		}
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
