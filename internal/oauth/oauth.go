// Package oauth gets OAuth 2.0 access tokens for IMAP and keeps them fresh: by a
// login in a browser or with a device code (Login), from what such a login
// stored (Stored), for a Google service account (ServiceAccount), for an
// application without a user (App), and from a file that somebody else renews
// (File). docs/auth.md tells which one is for whom.
//
// A Source gives tokens to any number of connections; one is made for each
// account of a run. Tokens, refresh tokens and client secrets are in no error of
// this package.
package oauth

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/endpoints"
	"golang.org/x/oauth2/google"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Source gives access tokens. Its methods may be called from any goroutine.
type Source interface {
	// Token returns a token that lives a while yet.
	Token(ctx context.Context) (secret.Secret, error)
	// Refuse tells that a server did not take this token, or not any more.
	Refuse(token secret.Secret)
}

// Names of providers.
const (
	Google    = "google"
	Microsoft = "microsoft"
)

// Scopes, as the providers name them (2026-11).
const (
	// GoogleScope is Gmail's, with and without a user.
	GoogleScope = "https://mail.google.com/"
	// MicrosoftScope is for a user who consents, MicrosoftAppScope for an
	// application without a user.
	MicrosoftScope    = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
	MicrosoftAppScope = "https://outlook.office365.com/.default"
)

// Provider is where tokens come from and which servers they are for.
type Provider struct {
	// Name is Google, Microsoft, or the URL of another one.
	Name string
	// Endpoint has the URLs of the authorization, device and token endpoints;
	// those that are empty do not exist.
	Endpoint oauth2.Endpoint
	// RevokeURL takes back a token (RFC 7009), empty where there is none.
	RevokeURL string
	Scopes    []string
	// Hosts are the IMAP servers that tokens may be sent to; "*.example.org" is
	// for all names below example.org.
	Hosts []string
	// IMAPHost is where a user's mailbox is, empty if unknown.
	IMAPHost string
	// RedirectHost is the name of this machine in redirects.
	RedirectHost string
	// Extra are parameters of the authorization request.
	Extra map[string]string
	// NoDevice says why there is no login with a device code; empty where there is.
	NoDevice string
}

// GoogleProvider is Google's accounts, private ones and Workspace.
func GoogleProvider() Provider {
	return Provider{
		Name: Google, Endpoint: google.Endpoint, RevokeURL: "https://oauth2.googleapis.com/revoke",
		Scopes: strings.Fields(GoogleScope),
		Hosts:  []string{"imap.gmail.com", "imap.googlemail.com"}, IMAPHost: "imap.gmail.com",
		RedirectHost: "127.0.0.1",
		Extra:        map[string]string{"access_type": "offline", "prompt": "consent"},
		NoDevice:     "Google allows no device code for mail: log in with a browser, also on another machine through \"ssh -L PORT:127.0.0.1:PORT\" and --redirectport PORT",
	}
}

// MicrosoftProvider is Microsoft 365 and Outlook.com; tenant is empty for any
// account, else a domain or a directory id.
func MicrosoftProvider(tenant string) Provider {
	return Provider{
		Name: Microsoft, Endpoint: endpoints.AzureAD(tenant),
		Scopes: strings.Fields(MicrosoftScope),
		Hosts:  []string{"outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"}, IMAPHost: "outlook.office365.com",
		RedirectHost: "localhost",
		Extra:        map[string]string{"prompt": "select_account"},
	}
}

// HostIn reports whether an IMAP host is in a list such as Provider.Hosts.
func HostIn(host string, list []string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return slices.ContainsFunc(list, func(h string) bool {
		h = strings.ToLower(h)
		if below, ok := strings.CutPrefix(h, "*."); ok {
			return strings.HasSuffix(host, "."+below)
		}
		return host == h
	})
}

// requestTime bounds one request to an endpoint.
const requestTime = 30 * time.Second

// withClient gives requests made with ctx a client that gives up in time and
// follows no redirect: what is posted to an endpoint is for nobody else.
func withClient(ctx context.Context) context.Context {
	if _, ok := ctx.Value(oauth2.HTTPClient).(*http.Client); ok {
		return ctx
	}
	return context.WithValue(ctx, oauth2.HTTPClient, httpClient)
}

var httpClient = &http.Client{
	Timeout:       requestTime,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}
