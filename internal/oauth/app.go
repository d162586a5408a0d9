package oauth

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/endpoints"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// AppOptions describe an application that logs in without a user (RFC 6749
// section 4.4).
type AppOptions struct {
	ClientID string
	// Tenant is Microsoft's; it gives TokenURL and Scope where they are empty.
	Tenant          string
	TokenURL, Scope string
	// SecretFile holds the client secret in its first line; or CertFile and KeyFile
	// are the certificate known to the provider and its RSA key, PEM, maybe in one
	// file.
	SecretFile, CertFile, KeyFile string
}

// App is the source of such an application: Microsoft 365 with the permission
// IMAP.AccessAsApp, or any other provider.
func App(o AppOptions, note func(string)) (Source, error) {
	if o.Tenant != "" {
		o.TokenURL = or(o.TokenURL, endpoints.AzureAD(o.Tenant).TokenURL)
		o.Scope = or(o.Scope, MicrosoftAppScope)
	}
	if err := checkURL("token URL", o.TokenURL); err != nil {
		return nil, err
	}
	conf := clientcredentials.Config{ClientID: o.ClientID, TokenURL: o.TokenURL, Scopes: strings.Fields(o.Scope), AuthStyle: oauth2.AuthStyleInParams}
	what := fmt.Sprintf("get a token for the application %s", o.ClientID)
	if o.CertFile == "" {
		pass, err := SecretFile(o.SecretFile)
		if err != nil {
			return nil, err
		}
		conf.ClientSecret = pass.Reveal()
		c := newCache(what, note, func(ctx context.Context, _ secret.Secret) (*oauth2.Token, error) {
			once := conf // a new one each time: it is told to no cache of the library
			return once.Token(ctx)
		})
		c.hide = []secret.Secret{pass}
		return c, nil
	}
	key, err := loadAssertionKey(o.CertFile, o.KeyFile)
	if err != nil {
		return nil, err
	}
	return newCache(what, note, func(ctx context.Context, _ secret.Secret) (*oauth2.Token, error) {
		assertion, err := key.assertion(o.ClientID, o.TokenURL)
		if err != nil {
			return nil, err
		}
		once := conf
		once.EndpointParams = url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion.Reveal()},
		}
		t, err := once.Token(ctx)
		return t, explain(what, err, assertion)
	}), nil
}
