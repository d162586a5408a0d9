package imapconn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// TokenSource gives access tokens. It is asked at each login, and told of tokens
// that a server refused; both from any goroutine.
type TokenSource interface {
	Token(ctx context.Context) (secret.Secret, error)
	// Refuse has the next Token bring another token than this one.
	Refuse(token secret.Secret)
}

// TokenHosts say which servers a token may be sent to. The zero value lets it go
// wherever a password may go.
type TokenHosts struct {
	// For reports whether the token is for this host; nil for any. Even then it is
	// not sent where nobody proved that the host is what it is called: in the clear,
	// to a certificate that is not checked, and not to this machine, where a tunnel
	// may end.
	For func(host string) bool
	// Trusted are hosts that the user named (--oauthhostN): there no proof is
	// needed.
	Trusted []string
}

// ErrTokenHost says that a token was not sent, because it is not for this server
// or nobody knows which server this is.
var ErrTokenHost = errors.New("refused to send the token")

// mayHaveToken is ErrTokenHost with its reason where a token must not go.
func (c *Conn) mayHaveToken(h TokenHosts) error {
	if h.For == nil || slices.ContainsFunc(h.Trusted, func(t string) bool { return strings.EqualFold(t, c.cfg.Host) }) {
		return nil
	}
	var why string
	_, protected := c.s.TLS()
	switch {
	case !h.For(c.cfg.Host):
		why = "it is for another server"
	case !protected:
		why = "the connection has no TLS"
	case c.unverified():
		why = "the certificate of the server is not checked, so that it may be anybody"
	default:
		return nil
	}
	return fmt.Errorf("%s %s: %w: %s. If this server is to have it all the same, give %s %s",
		c.cfg.Label(), c.cfg.addr(), ErrTokenHost, why, c.cfg.opt("oauthhost"), c.cfg.Host)
}

// unverified reports whether TLS was agreed on with an unknown party: nothing was
// checked, or what the check found was waived.
func (c *Conn) unverified() bool {
	t := c.cfg.TLSConfig
	if c.cfg.Waived != nil && c.cfg.Waived() {
		return true
	}
	return t != nil && t.InsecureSkipVerify && t.VerifyConnection == nil && t.VerifyPeerCertificate == nil
}

// TokenError is a login that failed because of its token: the server refused one,
// and there is no other.
type TokenError struct {
	// Refusal is what the server said.
	Refusal error
	// Err is why there is no other token.
	Err error
}

// Error tells both.
func (e *TokenError) Error() string {
	return fmt.Sprintf("%v; another token cannot be had: %v", e.Refusal, e.Err)
}

// Unwrap gives both.
func (e *TokenError) Unwrap() []error { return []error{e.Refusal, e.Err} }

// RefuseToken tells the source of the token with which this connection logged in
// that the server does not take it any more. Without a source it does nothing.
func (c *Conn) RefuseToken() {
	if c.source != nil && c.token.IsSet() {
		c.source.Refuse(c.token)
	}
}

// logInAgain logs in once more when a server refused a token and its source has
// another one. err is the refusal.
func (c *Conn) logInAgain(ctx context.Context, cr Credentials, err error) error {
	if !c.aboutToken(err) {
		return err
	}
	refused := c.token
	c.source.Refuse(refused)
	if c.err != nil {
		return err // it hung up: the next connection gets another token
	}
	token, terr := c.source.Token(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case terr != nil:
		return &TokenError{Refusal: err, Err: terr}
	case token.Reveal() == refused.Reveal():
		return err
	}
	if err := c.logIn(ctx, cr); err != nil {
		if c.aboutToken(err) {
			c.source.Refuse(c.token)
		}
		return err
	}
	return nil
}

// crowded are words of refusals that are about load, whatever the token.
var crowded = []string{"too many", "throttl", "connections", "rate limit", "try again", "temporar", "unavailable"}

// aboutToken reports whether a login was refused for what may be its token.
func (c *Conn) aboutToken(err error) bool {
	var r *Response
	if c.source == nil || !c.token.IsSet() || !errors.As(err, &r) || r.Status == "BYE" {
		return false
	}
	switch r.Code {
	case "LIMIT", "UNAVAILABLE", "INUSE", "SERVERBUG", "OVERQUOTA", "CONTACTADMIN":
		return false
	}
	text := strings.ToLower(r.Text)
	return !slices.ContainsFunc(crowded, func(w string) bool { return strings.Contains(text, w) })
}

// confirm asks for something that only who is really logged in gets. Microsoft
// says OK to a token of another user, and "User is authenticated but not
// connected" to what comes next; that is a refused login, and is told as one.
func (c *Conn) confirm(ctx context.Context) error {
	withToken := strings.Contains(c.authUsed, "OAUTH")
	if !withToken && !strings.Contains(c.greeting.Text, "Microsoft Exchange") {
		return nil
	}
	cmd := &Command{name: "LIST"}
	args := []Arg{quotedStr(""), quotedStr("")}
	if c.Has(imap.CapNamespace) {
		cmd.name, args = "NAMESPACE", nil
	}
	if _, err := c.send(ctx, cmd, args...); err != nil {
		return err
	}
	// Whoever judges replies by their command takes it for what it is.
	cmd.name = "AUTHENTICATE"
	if !withToken {
		cmd.name = "LOGIN"
	}
	err := c.Wait(ctx, cmd)
	var r *Response
	if err == nil || c.err != nil || !errors.As(err, &r) || strings.Contains(strings.ToLower(r.Text), "not connected") {
		return c.clean(err)
	}
	return nil // it did answer, whatever it does not like about the command
}
