// Package tokens makes the sources of access tokens that a plan asks for.
package tokens

import (
	"context"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Sources are the sources of both accounts, made before anything is
// connected: a file that cannot be used is told at once.
type Sources map[event.Side]session.Tokens

// Make makes the sources of a plan. note takes warnings of a running
// migration. An error names the option. Accounts that use one login share it.
func Make(p *plan.Plan, note func(string)) (Sources, error) {
	made := make(Sources)
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

// Of is the source of a side, the zero value for none.
func (s Sources) Of(n event.Side) session.Tokens { return s[n] }

func makeToken(a *plan.Account, note func(string)) (t session.Tokens, err error) {
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
func mayDo(src oauth.Source, asked []string) session.Tokens {
	return session.Tokens{Source: src, Scope: func(ctx context.Context) event.TokenScope {
		g := oauth.GrantOf(ctx, src, asked)
		return event.TokenScope{Scopes: g.Scopes, Granted: g.Granted, Expires: g.Expires}
	}}
}
