package imapconn

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Kerio's own digest
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"github.com/imaphaul/imaphaul/internal/auth"
	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// Names of ways to log in that are no SASL mechanism.
const (
	MechLogin      = "LOGIN"      // the command LOGIN
	MechSASLLogin  = "SASL-LOGIN" // AUTHENTICATE LOGIN
	MechPreauth    = "PREAUTH"
	MechMasterAuth = "X-MASTERAUTH"
)

// Credentials say who logs in and how.
type Credentials struct {
	// User owns the mailbox; AuthUser logs in for him, if given.
	User, AuthUser string
	Password       secret.Secret
	// Token is an OAuth 2.0 access token; TokenFile holds one in its first
	// line and is read at each login; TokenSource makes one at each login. The
	// last that is given counts.
	Token       secret.Secret
	TokenFile   string
	TokenSource func(context.Context) (secret.Secret, error)
	// OAuthDirect is a whole XOAUTH2 message in base64; OAuthDirectFile holds
	// one in its first line.
	OAuthDirect     secret.Secret
	OAuthDirectFile string
	// Mech is a mechanism's name, LOGIN for the command, PREAUTH, or
	// X-MASTERAUTH. Empty: XOAUTH2 with a token, PLAIN with AuthUser, else LOGIN.
	Mech string
	// ProxyAuth logs in as AuthUser with LOGIN and goes on with PROXYAUTH User.
	ProxyAuth bool
	// TryLogin tries LOGIN when the mechanism fails.
	TryLogin bool
	// Domain is NTLM's.
	Domain string
}

// Login logs in and reads the capabilities anew. A refusal is a *Response; the
// connection lives on. It does not send a password in the clear unless
// Config.AllowCleartext is set or the host is this machine: ErrCleartext.
// With Config.Compress, DEFLATE is begun afterwards where it is advertised.
// State: not authenticated; after a PREAUTH greeting nothing is sent.
func (c *Conn) Login(ctx context.Context, cr Credentials) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	if err := c.logIn(ctx, cr); err != nil {
		return err
	}
	if !c.capsFresh {
		if _, err := c.Capability(ctx); err != nil {
			var r *Response
			if c.err != nil || !errors.As(err, &r) {
				return err
			}
			// Refused after a good login: what was known is still true.
		}
	}
	if c.cfg.Compress && c.Has("COMPRESS=DEFLATE") && !c.Compressed() {
		if err := c.Compress(ctx); err != nil && c.err != nil {
			return err
		}
	}
	return nil
}

// AuthMechanism is the way in which Login succeeded, as messages name it:
// "LOGIN", "XOAUTH2 accesstoken", "PREAUTH", ...
func (c *Conn) AuthMechanism() string { return c.authUsed }

// AuthFallback is the refusal of the mechanism asked for, when LOGIN was used
// in its place; nil otherwise.
func (c *Conn) AuthFallback() error { return c.authError }

func (c *Conn) logIn(ctx context.Context, cr Credentials) error {
	mech := strings.ToUpper(cr.Mech)
	preauth := c.greeting.Status == "PREAUTH"
	switch {
	case preauth:
		c.authUsed = MechPreauth
		return nil
	case mech == MechPreauth:
		return fmt.Errorf("%s: %s PREAUTH needs a server that greets with PREAUTH; this one says %q",
			c.cfg.Label(), c.cfg.opt("authmech"), c.greeting.Line())
	}
	if err := c.mayLogIn(); err != nil {
		return err
	}
	c.capsFresh = false
	token, err := cr.token(ctx, &c.cfg)
	if err != nil {
		return err
	}
	direct, err := cr.direct(&c.cfg)
	if err != nil {
		return err
	}
	for _, s := range []secret.Secret{cr.Password, token, direct} {
		c.hideSecret(s)
	}
	p := auth.Params{
		User: cr.User, AuthUser: cr.AuthUser, Password: cr.Password, Token: token,
		Domain: cr.Domain, Host: c.cfg.Host, Port: c.cfg.Port,
	}
	switch {
	case mech == MechMasterAuth:
		return c.masterAuth(ctx, cr)
	case direct.IsSet():
		message, err := base64.StdEncoding.DecodeString(strings.TrimSpace(direct.Reveal()))
		if err != nil {
			return fmt.Errorf("%s: %s is not base64", c.cfg.Label(), c.cfg.opt("oauthdirect"))
		}
		c.hideSecret(secret.New(string(message)))
		if _, bearer, ok := strings.Cut(string(message), "auth=Bearer "); ok {
			bearer, _, _ = strings.Cut(bearer, "\x01")
			c.hideSecret(secret.New(bearer))
		}
		return c.authenticate(ctx, &auth.Direct{Message: secret.New(string(message))}, "XOAUTH2 direct")
	case cr.ProxyAuth:
		return c.proxyAuth(ctx, cr)
	case token.IsSet() && mech != auth.OAuthBearer:
		mech = auth.XOAuth2
	case mech == "" && cr.AuthUser != "":
		mech = auth.Plain
	case mech == "":
		mech = c.defaultMech()
	}
	if mech == MechLogin {
		return c.loginCommand(ctx, cr.User, cr.Password, MechLogin)
	}
	name := mech
	if mech == MechSASLLogin {
		mech = auth.Login
	}
	client, err := auth.New(mech, p)
	if err != nil {
		return fmt.Errorf("%s: %w (%s)", c.cfg.Label(), err, c.cfg.opt("authmech"))
	}
	if token.IsSet() && mech == auth.XOAuth2 {
		name = "XOAUTH2 accesstoken"
	}
	err = c.authenticate(ctx, client, name)
	if err == nil || !cr.TryLogin || c.err != nil || cr.AuthUser != "" || token.IsSet() || !cr.Password.IsSet() {
		return err
	}
	if c.loginCommand(ctx, cr.User, cr.Password, MechLogin) != nil {
		return err
	}
	c.authError = err
	return nil
}

// defaultMech is the command LOGIN, unless the server forbids it and offers
// another way for a password.
func (c *Conn) defaultMech() string {
	if c.Has(imap.CapLoginDisabled) {
		switch {
		case c.Has(imap.AuthCap(auth.Plain)):
			return auth.Plain
		case c.Has(imap.AuthCap(auth.Login)):
			return MechSASLLogin
		}
	}
	return MechLogin
}

// mayLogIn refuses to send secrets over an unprotected connection.
func (c *Conn) mayLogIn() error {
	if _, ok := c.s.TLS(); ok || c.cfg.AllowCleartext || c.isLoopback() {
		return nil
	}
	return fmt.Errorf("%s %s: %w: the server offers no TLS here; use %s, or accept the risk with %s %s",
		c.cfg.Label(), c.cfg.addr(), ErrCleartext, c.cfg.opt("ssl"), c.cfg.opt("nossl"), c.cfg.opt("notls"))
}

func (c *Conn) isLoopback() bool {
	if strings.EqualFold(c.cfg.Host, "localhost") {
		return true
	}
	if ip := net.ParseIP(c.cfg.Host); ip != nil {
		return ip.IsLoopback()
	}
	if a, ok := c.s.RemoteAddr().(*net.TCPAddr); ok {
		return a.IP.IsLoopback()
	}
	return false
}

// hideSecret keeps s out of trace, errors and reports, in every form in which
// it may travel or be quoted back.
func (c *Conn) hideSecret(s secret.Secret) {
	if !s.IsSet() {
		return
	}
	text := s.Reveal()
	c.hideText(text)
	c.hideText(base64.StdEncoding.EncodeToString([]byte(text)))
	c.hideText(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text))
}

// hideText hides a text, also as messages print it. Two letters are no secret.
func (c *Conn) hideText(text string) {
	for _, form := range []string{text, strings.ToValidUTF8(text, "\uFFFD"), printable([]byte(text))} {
		if len(form) >= 3 && !slices.Contains(c.hide, form) {
			c.hide = append(c.hide, form)
			c.tracer.Hide(form)
		}
	}
}

// redact takes secrets out of the texts of a reply that quotes them back.
func (c *Conn) redact(r *Response) {
	if len(c.hide) > 0 {
		r.Text = imapwire.Redact(r.Text, c.hide)
		r.line = imapwire.Redact(r.line, c.hide)
	}
}

// clean is redact for the code too, which only the answers to a login need:
// elsewhere a code is data.
func (c *Conn) clean(err error) error {
	var r *Response
	if errors.As(err, &r) {
		c.redact(r)
		r.CodeArgs = imapwire.Redact(r.CodeArgs, c.hide)
	}
	return err
}

// loginCommand is LOGIN (RFC 3501 section 6.2.3); name goes to AuthMechanism.
func (c *Conn) loginCommand(ctx context.Context, user string, password secret.Secret, name string) error {
	if err := c.run(ctx, "LOGIN", quotedStr(user), password); err != nil {
		return c.clean(err)
	}
	c.authUsed = name
	return nil
}

// proxyAuth is LOGIN as the administrator, then PROXYAUTH (Sun and Netscape).
func (c *Conn) proxyAuth(ctx context.Context, cr Credentials) error {
	if cr.AuthUser == "" {
		return fmt.Errorf("%s: %s needs %s", c.cfg.Label(), c.cfg.opt("proxyauth"), c.cfg.opt("authuser"))
	}
	if err := c.loginCommand(ctx, cr.AuthUser, cr.Password, MechLogin); err != nil {
		return err
	}
	c.capsFresh = false
	if err := c.run(ctx, "PROXYAUTH", quotedStr(cr.User)); err != nil {
		return c.clean(err)
	}
	c.authUsed = "LOGIN + PROXYAUTH"
	return nil
}

// masterAuth is Kerio's: the MD5 of challenge and master password, then the
// user whose mailbox is wanted.
func (c *Conn) masterAuth(ctx context.Context, cr Credentials) error {
	cmd, err := c.Send(ctx, MechMasterAuth)
	if err != nil {
		return err
	}
	c.s.SetQuiet(true)
	defer c.s.SetQuiet(false)
	if err := c.continuation(cmd); err != nil {
		return c.clean(err)
	}
	sum := md5.Sum(append(bytes.TrimSpace(c.contText), cr.Password.Reveal()...)) //nolint:gosec // see above
	if err := c.respond(hex.EncodeToString(sum[:])); err != nil {
		return err
	}
	if err := c.Wait(ctx, cmd); err != nil {
		return c.clean(err)
	}
	c.s.SetQuiet(false)
	if err := c.run(ctx, "X-SETUSER", quotedStr(cr.User)); err != nil {
		return c.clean(err)
	}
	c.authUsed = MechMasterAuth
	return nil
}

// respond writes a line of an authentication exchange.
func (c *Conn) respond(line string) error {
	c.hideText(line) // a server may quote it back
	c.put(line, "MASKED")
	return c.endLine()
}

// AuthError is an exchange that failed on our side, or a refusal with the
// reason that the server gave in a challenge.
type AuthError struct {
	Mech string
	// Reason is the server's explanation (JSON, for OAuth), or empty.
	Reason string
	Err    error
}

// Error tells mechanism, cause and reason.
func (e *AuthError) Error() string {
	s := fmt.Sprintf("AUTHENTICATE %s: %v", e.Mech, e.Err)
	if e.Reason != "" {
		s += " (the server's reason: " + e.Reason + ")"
	}
	return s
}

// Unwrap gives the cause, a *Response where the server refused.
func (e *AuthError) Unwrap() error { return e.Err }

// authenticate runs a SASL exchange (RFC 3501 section 6.2.2, RFC 4959). One
// that fails on our side is cancelled, and the connection stays usable.
func (c *Conn) authenticate(ctx context.Context, client sasl.Client, name string) error {
	mech, ir, err := client.Start()
	if err != nil {
		return fmt.Errorf("%s: %w", c.cfg.Label(), err)
	}
	cmd := &Command{name: "AUTHENTICATE"}
	if err := c.open(ctx, cmd, []Arg{Raw(mech)}); err != nil {
		return err
	}
	c.s.SetQuiet(true)
	defer c.s.SetQuiet(false)
	c.put(" "+mech, " "+mech)
	if ir != nil && c.Has(imap.CapSASLIR) {
		text := "="
		if len(ir) > 0 {
			text = base64.StdEncoding.EncodeToString(ir)
		}
		c.hideText(text)
		c.put(" "+text, " MASKED")
		ir = nil
	}
	if err := c.endLine(); err != nil {
		return err
	}
	ours, err := c.exchange(ctx, cmd, client, ir)
	if err != nil {
		return err
	}
	reason := ""
	if x, ok := client.(auth.Explainer); ok {
		reason = x.Reason()
	}
	switch err := cmd.err(); {
	case ours != nil && err != nil:
		return &AuthError{Mech: mech, Err: fmt.Errorf("%w; the server then said: %w", ours, c.clean(err))}
	case ours != nil:
		return &AuthError{Mech: mech, Err: ours}
	case err != nil && reason != "":
		return &AuthError{Mech: mech, Reason: reason, Err: c.clean(err)}
	case err != nil:
		return c.clean(err)
	}
	if v, ok := client.(auth.Verifier); ok {
		if err := v.Verify(); err != nil {
			// The server let us in without knowing the password: whoever it
			// is, nothing is to be told or entrusted to it.
			return c.fail("AUTHENTICATE", err)
		}
	}
	c.authUsed = name
	return nil
}

// maxRounds bounds an exchange; no mechanism needs more than four.
const maxRounds = 20

// exchange answers challenges until the command is answered. The first error
// is the client's, after which the exchange was cancelled; the second the
// connection's.
func (c *Conn) exchange(ctx context.Context, cmd *Command, client sasl.Client, ir []byte) (ours, lost error) {
	for rounds := 0; ; rounds++ {
		err := c.continuation(cmd)
		if cmd.done {
			return ours, nil
		}
		if err != nil {
			return nil, err
		}
		var answer []byte
		switch {
		case ours != nil && rounds < maxRounds:
			continue // cancelled, and the server asks on
		case rounds >= maxRounds:
			return nil, c.fail("AUTHENTICATE", errors.New("the server does not stop asking"))
		case ir != nil:
			answer, ir = ir, nil
		default:
			answer, err = client.Next(decodeChallenge(c.contText))
		}
		if err != nil {
			ours = err
			c.put("*", "*")
			if err := c.endLine(); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.respond(base64.StdEncoding.EncodeToString(answer)); err != nil {
			return nil, err
		}
	}
}

// decodeChallenge takes base64 out of a challenge; a text that is none (some
// servers send "Ready") is an empty challenge.
func decodeChallenge(b []byte) []byte {
	b = bytes.TrimSpace(b)
	out, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return nil
	}
	return out
}

// token gives the access token, from file or source if that is where it is.
func (cr *Credentials) token(ctx context.Context, cfg *Config) (secret.Secret, error) {
	switch {
	case cr.TokenSource != nil:
		t, err := cr.TokenSource(ctx)
		if err != nil {
			return t, fmt.Errorf("%s: get an access token: %w", cfg.Label(), err)
		}
		return t, nil
	case cr.TokenFile != "":
		return firstLine(cr.TokenFile, cfg.opt("oauthaccesstoken"))
	}
	return cr.Token, nil
}

func (cr *Credentials) direct(cfg *Config) (secret.Secret, error) {
	if cr.OAuthDirectFile != "" {
		return firstLine(cr.OAuthDirectFile, cfg.opt("oauthdirect"))
	}
	return cr.OAuthDirect, nil
}

// firstLine reads the first line of a file that holds a secret.
func firstLine(name, option string) (secret.Secret, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("%s: %w", option, err)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	b, _, _ = bytes.Cut(b, []byte("\n"))
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return secret.Secret{}, fmt.Errorf("%s: the first line of %s is empty", option, name)
	}
	return secret.New(string(b)), nil
}
