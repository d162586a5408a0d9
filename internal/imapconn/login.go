package imapconn

import (
	"context" //nolint:gosec // Kerio's own digest
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/auth"
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
	// line and is read at each login; TokenSource is asked at each login. The
	// last that is given counts.
	Token       secret.Secret
	TokenFile   string
	TokenSource TokenSource
	// TokenHosts bound where it is sent.
	TokenHosts TokenHosts
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
// With Config.Compress, DEFLATE is begun afterwards where it is advertised, and
// UIDONLY is enabled on servers that limit their commands, see seeAll. A login
// with a token counts once the server has answered a command, see confirm; a
// token that is refused is tried once more with another one of its source.
// State: not authenticated; after a PREAUTH greeting nothing is sent.
func (c *Conn) Login(ctx context.Context, cr Credentials) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	c.source = cr.TokenSource
	if err := c.logIn(ctx, cr); err != nil {
		if err = c.logInAgain(ctx, cr, err); err != nil {
			return err
		}
	}
	c.s.LongLines()
	if !c.capsFresh {
		if _, err := c.Capability(ctx); err != nil {
			var r *Response
			if c.err != nil || !errors.As(err, &r) {
				return err
			}
			// Refused after a good login: what was known is still true.
		}
	}
	if err := c.confirm(ctx); err != nil {
		return err
	}
	if c.cfg.Compress && c.Has("COMPRESS=DEFLATE") && !c.Compressed() {
		if err := c.Compress(ctx); err != nil && c.err != nil {
			return err
		}
	}
	return c.seeAll(ctx)
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
	if cr.TokenSource != nil {
		if err := c.mayHaveToken(cr.TokenHosts); err != nil {
			return err
		}
	}
	token, err := cr.token(ctx, &c.cfg)
	if err != nil {
		return err
	}
	c.token = token
	direct, err := cr.direct(&c.cfg)
	if err != nil {
		return err
	}
	for _, s := range []secret.Secret{cr.Password, token, direct} {
		c.hideSecret(s)
	}
	p := auth.Params{
		User: cr.User, AuthUser: cr.AuthUser, Password: cr.Password, Token: token,
		Domain: cr.Domain, Host: c.cfg.Host, Port: c.cfg.Port, Done: ctx.Done(),
	}
	if state, ok := c.s.TLS(); ok {
		p.TLS = &state
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
	if plus := mech + "-PLUS"; (mech == auth.ScramSHA1 || mech == auth.ScramSHA256) && c.Has(imap.AuthCap(plus)) && auth.CanBind(p.TLS) {
		if err := c.scramPlus(ctx, plus, p); !c.bindsOtherwise(err) {
			return err
		}
	}
	client, err := auth.New(mech, p)
	if err != nil {
		return fmt.Errorf("%s: %w (%s)", c.cfg.Label(), err, c.cfg.opt("authmech"))
	}
	if token.IsSet() && mech == auth.XOAuth2 {
		name = "XOAUTH2 accesstoken"
	}
	err = c.authenticate(ctx, client, name)
	if !cr.TryLogin || !c.refused(err) || cr.AuthUser != "" || token.IsSet() || !cr.Password.IsSet() || c.Has(imap.CapLoginDisabled) {
		return err
	}
	if c.loginCommand(ctx, cr.User, cr.Password, MechLogin) != nil {
		return err
	}
	c.authError = err
	return nil
}

// scramPlus logs in by SCRAM with channel binding.
func (c *Conn) scramPlus(ctx context.Context, mech string, p auth.Params) error {
	client, err := auth.New(mech, p)
	if err != nil {
		return fmt.Errorf("%s: %w", c.cfg.Label(), err)
	}
	return c.authenticate(ctx, client, mech)
}

// bindsOtherwise reports whether the server refused SCRAM with channel binding by
// itself, or for a binding that it does not know: some offer it with bindings that
// TLS 1.3 does not have. A challenge that does not hold is no such refusal; who is
// in between could send it to have the binding left out.
func (c *Conn) bindsOtherwise(err error) bool {
	return c.refused(err) || err != nil && c.err == nil && strings.Contains(err.Error(), "unsupported-channel-binding-type")
}

// defaultMech is the command LOGIN, unless the server forbids it and offers
// another way for a password.
func (c *Conn) defaultMech() string {
	if c.Has(imap.CapLoginDisabled) {
		for _, m := range []string{auth.Plain, auth.Login, auth.ScramSHA256, auth.ScramSHA1, auth.CramMD5, auth.DigestMD5} {
			switch {
			case !c.Has(imap.AuthCap(m)):
			case m == auth.Login:
				return MechSASLLogin
			default:
				return m
			}
		}
	}
	return MechLogin
}

// refused reports whether the server itself answered a mechanism with NO or BAD.
// After a challenge that does not hold nothing more is told to it: what follows
// could be the password itself.
func (c *Conn) refused(err error) bool {
	var r *Response
	var a *AuthError
	return c.err == nil && errors.As(err, &r) && (!errors.As(err, &a) || !a.Ours)
}

// ErrLoginDisabled says that the server forbids the command LOGIN (RFC 3501 section
// 6.2.3), and that nothing was sent.
var ErrLoginDisabled = errors.New("the server forbids the command LOGIN here (LOGINDISABLED)")

// mayLogIn refuses to send secrets over an unprotected connection.
func (c *Conn) mayLogIn() error {
	if _, ok := c.s.TLS(); ok || c.cfg.AllowCleartext || c.isLoopback() {
		return nil
	}
	return fmt.Errorf("%s %s: %w: the server offers no TLS here; use %s, or accept the risk with %s %s",
		c.cfg.Label(), c.cfg.addr(), ErrCleartext, c.cfg.opt("ssl"), c.cfg.opt("nossl"), c.cfg.opt("notls"))
}

// isLoopback reports whether the server is this machine. Behind a proxy none is:
// the socket leads to the proxy, and a name may mean anything there.
func (c *Conn) isLoopback() bool {
	if c.cfg.Proxy != nil {
		return false
	}
	if Loopback(c.cfg.Host) {
		return true
	}
	if net.ParseIP(c.cfg.Host) != nil {
		return false
	}
	if a, ok := c.s.RemoteAddr().(*net.TCPAddr); ok {
		return a.IP.IsLoopback()
	}
	return false
}

// loginCommand is LOGIN (RFC 3501 section 6.2.3); name goes to AuthMechanism.
func (c *Conn) loginCommand(ctx context.Context, user string, password secret.Secret, name string) error {
	if c.Has(imap.CapLoginDisabled) {
		remedy := "choose another mechanism with " + c.cfg.opt("authmech")
		if _, ok := c.s.TLS(); !ok {
			remedy = "protect the connection with " + c.cfg.opt("tls") + " or " + c.cfg.opt("ssl") + ", or " + remedy
		}
		return fmt.Errorf("%s: %w; %s", c.cfg.Label(), ErrLoginDisabled, remedy)
	}
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
