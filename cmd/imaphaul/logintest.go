package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// loginTestTimeout bounds the silence of a server in "imaphaul login --test".
const loginTestTimeout = 30 * time.Second

// refusedLogin is a login that the IMAP server did not accept.
type refusedLogin struct{ err error }

func (e *refusedLogin) Error() string { return e.err.Error() }
func (e *refusedLogin) Unwrap() error { return e.err }

// test logs in by IMAP with a stored login and says what the server thinks.
func (c *loginCommand) test(ctx context.Context) error {
	path, err := c.file()
	if err != nil {
		return err
	}
	src, r, err := oauth.Stored(path, func(note string) { c.say("Warning: %s", note) })
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	host := c.Host
	if host == "" {
		host = r.IMAPHost
	}
	if host == "" {
		return errors.New("at which server? Add --host")
	}
	tls, err := imapconn.TLSOptions{Insecure: c.Insecure, CAFile: c.CAFile}.Config(host)
	if err != nil {
		return err
	}
	cfg := imapconn.Config{Host: host, Port: c.Port, TLSConfig: tls, Timeout: loginTestTimeout}
	found, err := imapconn.Detect(ctx, cfg, imapconn.DetectOptions{Port: c.Port, NoProbe: c.Port != 0})
	if err != nil {
		return err
	}
	cfg.Port, cfg.TLS = found.Port, found.Mode
	conn, err := imapconn.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // LOGOUT comes before, where it can
	greeting := conn.Greeting()
	c.say("%s port %d says: %s", host, cfg.Port, greeting.Line())
	user := c.User
	if user == "" {
		user = r.User
	}
	err = conn.Login(ctx, imapconn.Credentials{
		User: user, TokenSource: src,
		TokenHosts: imapconn.TokenHosts{For: func(h string) bool { return oauth.HostIn(h, r.Hosts) }, Trusted: c.Hosts},
	})
	if err != nil {
		if advice, ok := provider.Advise(host+" "+greeting.Line(), err.Error()); ok {
			c.say("What it means: %s", advice.Cause)
			c.say("What to do: %s", advice.For("", user))
		}
		return &refusedLogin{fmt.Errorf("the login of %s is refused: %w", user, err)}
	}
	c.say("%s is logged in with %s. It works.", user, conn.AuthMechanism())
	_ = conn.Logout(ctx) // whatever it answers
	return nil
}
