// Package access opens read-only connections to the accounts of a plan: where the
// server is, how the connection is protected, and who logs in.
//
// It is for what looks at accounts beside a run (the verification, the doctor). A
// connection it gives is sealed: no command leaves on it that could change a
// mailbox.
package access

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/proxy"
)

// Options are what opening an account needs beside the plan.
type Options struct {
	// Side is 1 for the source and 2 for the destination; for messages.
	Side int
	// Tokens is where access tokens come from, nil for none; TokenFor tells whether
	// a host may have them.
	Tokens   imapconn.TokenSource
	TokenFor func(host string) bool
	// Trace receives the dialogue, without secrets, if the plan asks for it.
	Trace io.Writer
	// SlowIn holds back what is read, nil for nothing.
	SlowIn imapwire.Brake
	// Dial replaces the network, for tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Version is told to servers that want to know (ID).
	Version string
}

// Account is one account of a plan. Its methods may be called by several
// goroutines.
type Account struct {
	p   *plan.Account
	o   Options
	cfg imapconn.Config

	mu     sync.Mutex
	found  bool
	waived error
}

// New prepares an account; nothing is connected. Errors name the option.
func New(p *plan.Account, o Options) (*Account, error) {
	a := &Account{p: p, o: o}
	a.cfg = imapconn.Config{
		Side: o.Side, Host: p.Host, Port: p.Port, Timeout: p.Timeout, KeepAlive: p.KeepAlive,
		AllowCleartext: p.AllowCleartext, Consent: new(imapconn.Consent), SlowIn: o.SlowIn, Dial: o.Dial,
	}
	switch p.IPVersion {
	case 4:
		a.cfg.Network = "tcp4"
	case 6:
		a.cfg.Network = "tcp6"
	}
	for _, name := range p.DisabledCaps {
		a.cfg.HideCaps = append(a.cfg.HideCaps, imap.Cap(name))
	}
	if p.DebugIMAP {
		a.cfg.Trace = o.Trace
	}
	return a, a.protect()
}

// tlsVersions are the plan's words for versions of TLS.
var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// protect prepares TLS and the way to the server, as a run does.
func (a *Account) protect() error {
	p := a.p
	options := imapconn.TLSOptions{
		Insecure: p.Insecure, CAFile: p.CAFile, ServerName: p.ServerName,
		CertFile: p.CertFile, KeyFile: p.KeyFile, Fingerprint: p.Fingerprint,
		MinVersion: tlsVersions[p.MinTLS], MaxVersion: tlsVersions[p.MaxTLS], CipherSuites: p.CipherSuites,
	}
	if p.Insecure || p.Fingerprint != "" {
		imapconn.AcceptOddCertificates()
	}
	var err error
	if p.Proxy.IsSet() {
		if a.cfg.Proxy, err = proxy.Parse(p.Proxy.Reveal()); err != nil {
			return fmt.Errorf("--proxy%d: %w", a.o.Side, err)
		}
	}
	// A certificate of this machine is only warned of, but never with a token: a
	// tunnel is loopback, too.
	given := p.CAFile != "" || p.Fingerprint != "" || p.ServerName != "" || p.VerifyGiven
	if imapconn.Loopback(p.Host) && !given && !a.withToken() && a.cfg.Dial == nil && a.cfg.Proxy == nil {
		options.Waived, a.cfg.Waived = a.waive, a.hasWaived
	}
	a.cfg.TLSConfig, err = options.Config(p.Host)
	return err
}

func (a *Account) withToken() bool {
	p := a.p
	return p.Token.IsSet() || p.TokenFile != "" || p.OAuth != nil || a.o.Tokens != nil || p.OAuthDirect.IsSet() || p.OAuthDirectFile != ""
}

func (a *Account) waive(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waived = why
}

func (a *Account) hasWaived() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waived != nil
}

// Waived is why the certificate would not have been accepted of another machine,
// nil if it would.
func (a *Account) Waived() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waived
}

// Plan is what the user said of the account.
func (a *Account) Plan() *plan.Account { return a.p }

// Connect opens a connection up to the state before login. The errors are those
// of imapconn.
func (a *Account) Connect(ctx context.Context) (*imapconn.Conn, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return imapconn.Connect(ctx, cfg)
}

// ConnectWith is Connect with something about the connection changed, for what looks
// at a server in more than one way. The change is for this connection alone.
func (a *Account) ConnectWith(ctx context.Context, change func(*imapconn.Config)) (*imapconn.Conn, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	change(&cfg)
	return imapconn.Connect(ctx, cfg)
}

// Way is how the account is reached: port and protection, as they were given or
// found out.
func (a *Account) Way(ctx context.Context) (port int, mode imapconn.TLSMode, err error) {
	cfg, err := a.config(ctx)
	return cfg.Port, cfg.TLS, err
}

// config finds port and protection where the user did not say, once.
func (a *Account) config(ctx context.Context) (imapconn.Config, error) {
	a.mu.Lock()
	cfg, found := a.cfg, a.found
	a.mu.Unlock()
	if found {
		return cfg, nil
	}
	d, err := imapconn.Detect(ctx, cfg, imapconn.DetectOptions{Port: a.p.Port, SSL: a.p.SSL, TLS: a.p.StartTLS, NoProbe: !a.p.ProbeSSL})
	if err != nil {
		return cfg, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cfg.Port, a.cfg.TLS, a.found = d.Port, d.Mode, true
	return a.cfg, nil
}

// Login logs in on a connection and seals it. A *LoginError is the server's or
// our refusal.
func (a *Account) Login(ctx context.Context, c *imapconn.Conn) error {
	if err := c.Login(ctx, a.Credentials()); err != nil {
		return &LoginError{Side: a.o.Side, User: a.p.User, Err: err}
	}
	c.Seal()
	return nil
}

// Credentials are who logs in.
func (a *Account) Credentials() imapconn.Credentials {
	p := a.p
	return imapconn.Credentials{
		User: p.User, AuthUser: p.AuthUser, Password: p.Password,
		Token: p.Token, TokenFile: p.TokenFile, TokenSource: a.o.Tokens,
		TokenHosts:  imapconn.TokenHosts{For: a.o.TokenFor, Trusted: p.TokenHosts},
		OAuthDirect: p.OAuthDirect, OAuthDirectFile: p.OAuthDirectFile,
		Mech: p.Mech, ProxyAuth: p.ProxyAuth, TryLogin: p.TryLogin, Domain: p.Domain,
	}
}

// Open connects, logs in, and says who we are where the user does not mind. id is
// what the server says of itself.
func (a *Account) Open(ctx context.Context) (c *imapconn.Conn, id map[string]string, err error) {
	if c, err = a.Connect(ctx); err != nil {
		return nil, nil, err
	}
	if err = a.Login(ctx, c); err == nil && a.p.SendID && c.Has(imap.CapID) {
		id, err = c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", a.o.Version})
		var refusal *imapconn.Response
		if errors.As(err, &refusal) {
			err = nil // who it is does not matter
		}
	}
	if err != nil {
		_ = c.Close() // the reason is err
		return nil, nil, err
	}
	return c, id, nil
}

// LoginError is a login that did not succeed.
type LoginError struct {
	Side int
	User string
	Err  error
}

// Error names side, user and the server's words.
func (e *LoginError) Error() string {
	return fmt.Sprintf("host%d: the login of user %q failed: %v", e.Side, e.User, e.Err)
}

// Unwrap gives the cause.
func (e *LoginError) Unwrap() error { return e.Err }

// Crowded reports whether the server had no room for the login, and did not judge it.
func (e *LoginError) Crowded() bool {
	var r *imapconn.Response
	return errors.As(e.Err, &r) && provider.Crowded(provider.Reply{Command: r.Command, Status: r.Status, Code: r.Code, Text: r.Text})
}
