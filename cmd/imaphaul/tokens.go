package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// tokenSources are the sources of both accounts, made before anything is
// connected: a file that cannot be used is told at once.
type tokenSources map[event.Side]engine.Tokens

// makeTokens makes the sources of a plan. note takes warnings of a running
// migration. An error names the option. Accounts that use one login share it.
func makeTokens(p *plan.Plan, note func(string)) (tokenSources, error) {
	made := make(tokenSources)
	for n, a := range map[event.Side]*plan.Account{1: &p.Host1, 2: &p.Host2} {
		t, err := makeToken(a, note)
		if err != nil {
			option := "imaphaul login"
			if a.OAuth != nil {
				option = a.OAuth.Option + " " + a.OAuth.File
			}
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(option), err)
		}
		made[n] = t
	}
	if a, b := p.Host1.OAuth, p.Host2.OAuth; a != nil && b != nil && a.Kind == plan.OAuthStored && a.Kind == b.Kind && a.File == b.File {
		made[2] = made[1]
	}
	return made, nil
}

func (s tokenSources) of(n event.Side) engine.Tokens { return s[n] }

func makeToken(a *plan.Account, note func(string)) (t engine.Tokens, err error) {
	o := a.OAuth
	if o == nil {
		if a.TokenFile != "" {
			t = mayDo(oauth.File(a.TokenFile, ""), nil)
		}
		return t, nil
	}
	var src oauth.Source
	asked := strings.Fields(o.Scope)
	hosts := []string{a.Host} // who named the endpoint named the server beside it
	switch o.Kind {
	case plan.OAuthFile:
		return mayDo(oauth.File(o.File, o.Command.Reveal()), nil), nil // the user's own token, as with --oauthaccesstokenN
	case plan.OAuthStored:
		var r *oauth.Record
		if src, r, err = oauth.Stored(o.File, note); err == nil {
			hosts, asked = r.Hosts, r.Scopes
		}
	case plan.OAuthServiceAccount:
		asked = orScope(asked, oauth.GoogleScope)
		hosts = oauth.GoogleProvider().Hosts
		src, err = oauth.ServiceAccount(o.File, a.User, o.TokenURL, o.Scope)
	case plan.OAuthServiceAccountP12:
		asked = orScope(asked, oauth.GoogleScope)
		hosts = oauth.GoogleProvider().Hosts
		src, err = oauth.ServiceAccountP12(o.Issuer, o.File, o.KeyPassword, a.User, o.TokenURL, o.Scope)
	case plan.OAuthMicrosoftApp:
		asked = orScope(asked, oauth.MicrosoftAppScope)
		hosts = oauth.MicrosoftProvider("").Hosts
		src, err = oauth.App(oauth.AppOptions{
			ClientID: o.ClientID, Tenant: o.Tenant, TokenURL: o.TokenURL, Scope: o.Scope,
			SecretFile: o.SecretFile, CertFile: o.CertFile, KeyFile: o.KeyFile,
		}, note)
	case plan.OAuthApp:
		src, err = oauth.App(oauth.AppOptions{ClientID: o.ClientID, TokenURL: o.TokenURL, Scope: o.Scope, SecretFile: o.SecretFile}, note)
	}
	if err != nil {
		return t, err
	}
	t = mayDo(src, asked)
	t.For = func(host string) bool { return oauth.HostIn(host, hosts) }
	return t, nil
}

func orScope(asked []string, standard string) []string {
	if len(asked) > 0 {
		return asked
	}
	return strings.Fields(standard)
}

// mayDo adds to a source what its token may do.
func mayDo(src oauth.Source, asked []string) engine.Tokens {
	return engine.Tokens{Source: src, Scope: func(ctx context.Context) event.TokenScope {
		g := oauth.GrantOf(ctx, src, asked)
		return event.TokenScope{Scopes: g.Scopes, Granted: g.Granted, Expires: g.Expires}
	}}
}

// forgetSecrets takes passwords out of the environment, so that commands which
// the program starts do not inherit them.
func forgetSecrets(args, environ []string) {
	names := cli.SecretVariables(environ)
	for i, arg := range args {
		if name, ok := strings.CutPrefix(arg, "env:"); ok && i > 0 {
			names = append(names, name)
		} else if _, name, ok := strings.Cut(arg, "=env:"); ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		_ = os.Unsetenv(name) // a name that cannot be one is not set either
	}
}
