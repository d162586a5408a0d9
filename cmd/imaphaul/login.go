package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/oauth"
)

// loginCommand is one call of "imaphaul login".
type loginCommand struct {
	*cli.Login
	environ []string
	out     io.Writer
}

func (c *loginCommand) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...)
}

func (c *loginCommand) getenv(key string) string {
	for _, kv := range c.environ {
		if value, ok := strings.CutPrefix(kv, key+"="); ok {
			return value
		}
	}
	return ""
}

// logIn does what "imaphaul login" was asked for, and returns the exit code.
func logIn(l *cli.Login, environ []string, out, errOut io.Writer) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt)
	defer restore()
	c := &loginCommand{Login: l, environ: environ, out: out}
	var err error
	switch {
	case l.Setup:
		_, _ = io.WriteString(out, oauth.Setup(l.Provider))
	case l.List:
		err = c.list()
	case l.Revoke:
		err = c.revoke(ctx)
	case l.Test:
		err = c.test(ctx)
	default:
		err = c.logIn(ctx)
	}
	switch {
	case err == nil:
		return event.ExitOK
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "Interrupted.")
		return event.ExitBySignal
	}
	_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
	var own *oauth.Error
	if errors.As(err, &own) {
		if hint := own.Advice("", l.User); hint != "" {
			_, _ = fmt.Fprintf(errOut, "What to do: %s\n", hint)
		}
		return event.ExitAuthenticateUser1
	}
	var refused *refusedLogin
	if errors.As(err, &refused) {
		return event.ExitAuthenticateUser1
	}
	return event.ExitUsage
}

// provider is the one that was named, with what options change of it.
func (c *loginCommand) provider(ctx context.Context) (p oauth.Provider, err error) {
	switch c.Provider {
	case oauth.Google:
		p = oauth.GoogleProvider()
	case oauth.Microsoft:
		p = oauth.MicrosoftProvider(c.Tenant)
	default:
		if c.TokenURL != "" && (c.AuthURL != "" || c.DeviceURL != "") {
			p = oauth.Provider{Name: c.Provider}
		} else if p, err = oauth.Discover(ctx, c.Provider); err != nil {
			return p, err
		}
		p.Extra = map[string]string{"access_type": "offline"} // others pass it over
	}
	set := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	set(&p.Endpoint.AuthURL, c.AuthURL)
	set(&p.Endpoint.TokenURL, c.TokenURL)
	set(&p.Endpoint.DeviceAuthURL, c.DeviceURL)
	set(&p.RevokeURL, c.RevokeURL)
	if c.Scope != "" {
		p.Scopes = strings.Fields(c.Scope)
	}
	if len(c.Hosts) > 0 {
		p.Hosts = c.Hosts
		p.IMAPHost = c.Hosts[0]
	}
	return p, nil
}

func (c *loginCommand) logIn(ctx context.Context) error {
	p, err := c.provider(ctx)
	if err != nil {
		return err
	}
	client, err := oauth.FindClient(c.Provider, c.ClientID, c.SecretFile, c.getenv)
	if err != nil {
		return err
	}
	o := oauth.LoginOptions{
		Provider: p, Client: client, User: c.User, Device: c.Device, RedirectPort: c.RedirectPort,
		Say: c.say, Keyring: c.Keyring,
	}
	if !c.NoBrowser {
		o.Open = oauth.OpenBrowser
	}
	r, err := oauth.Login(ctx, o)
	if err != nil {
		return err
	}
	path := c.TokenFile
	if path == "" {
		if path, err = oauth.DefaultFile(r.Provider, r.User); err != nil {
			return err
		}
	}
	if err := r.Save(ctx, path); err != nil {
		return err
	}
	c.say("Logged in. The login of %s is stored in %s; its tokens are in %s.", r.User, path, r.Where())
	c.say("It is for %s. Try it with: imaphaul login --test --user %s", strings.Join(r.Hosts, ", "), r.User)
	if c.TokenFile != "" {
		c.say("A run uses it with --tokenfile1 or --tokenfile2 %s", path)
	} else {
		c.say("A run with this user and one of these hosts uses it when no password is given.")
	}
	return nil
}

func (c *loginCommand) list() error {
	logins, err := oauth.List()
	if err != nil {
		return err
	}
	if len(logins) == 0 {
		dir, err := oauth.Dir()
		if err != nil {
			return err
		}
		c.say("No login is stored in %s.", dir)
	}
	for _, l := range logins {
		if l.Err != nil {
			c.say("%s: cannot be used: %v", l.File, l.Err)
			continue
		}
		r := l.Record
		c.say("%s at %s", r.User, r.Provider)
		c.say("  for      %s", strings.Join(r.Hosts, ", "))
		c.say("  scope    %s", strings.Join(r.Scopes, " "))
		c.say("  client   %s", r.ClientID)
		c.say("  renewed  %s, valid until %s", r.Obtained.Local().Format(time.DateTime), r.Expiry.Local().Format(time.DateTime))
		c.say("  tokens   in %s", r.Where())
		c.say("  file     %s", l.File)
	}
	return nil
}

// file is the stored login that --user, the provider or --tokenfile mean.
func (c *loginCommand) file() (string, error) {
	if c.TokenFile != "" {
		return c.TokenFile, nil
	}
	logins, err := oauth.List()
	if err != nil {
		return "", err
	}
	var found []string
	for _, l := range logins {
		if l.Record != nil && strings.EqualFold(l.Record.User, c.User) && (c.Provider == "" || l.Record.Provider == c.Provider) {
			found = append(found, l.File)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no login of %s is stored; log in with: imaphaul login google|microsoft|URL --user %s", c.User, c.User)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s has logins at several providers: name the provider, or one file with --tokenfile: %s", c.User, strings.Join(found, ", "))
}

func (c *loginCommand) revoke(ctx context.Context) error {
	path, err := c.file()
	if err != nil {
		return err
	}
	told, err := oauth.Revoke(ctx, path)
	if err != nil {
		return fmt.Errorf("%w. The login stays in %s: try again, or delete that file and end the access in the settings of your account", err, path)
	}
	if err := oauth.Delete(ctx, path); err != nil {
		return err
	}
	if told {
		c.say("The login is revoked at the provider, and %s is deleted.", path)
	} else {
		c.say("%s is deleted. The provider has no way to revoke a login from here: end the access in the settings of the account (Microsoft: https://myapps.microsoft.com/, or an administrator with Revoke sessions).", path)
	}
	return nil
}
