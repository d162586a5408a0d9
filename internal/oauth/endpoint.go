package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// maxAnswer bounds what is read of an endpoint's answer, bytes.
const maxAnswer = 1 << 20

// client is the HTTP client of a context.
func client(ctx context.Context) *http.Client {
	return ctx.Value(oauth2.HTTPClient).(*http.Client)
}

// Discover asks a provider, named by its URL, for its endpoints (OpenID Connect
// Discovery 1.0, RFC 8414). Scopes and hosts are not known by that.
func Discover(ctx context.Context, issuer string) (Provider, error) {
	p := Provider{Name: issuer, RedirectHost: "127.0.0.1"}
	if err := checkURL("URL of the provider", issuer); err != nil {
		return p, err
	}
	var last error
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		var found struct {
			Issuer string `json:"issuer"`
			Auth   string `json:"authorization_endpoint"`
			Token  string `json:"token_endpoint"`
			Device string `json:"device_authorization_endpoint"`
			Revoke string `json:"revocation_endpoint"`
		}
		if last = getJSON(withClient(ctx), strings.TrimSuffix(issuer, "/")+path, &found); last != nil {
			continue
		}
		if strings.TrimSuffix(found.Issuer, "/") != strings.TrimSuffix(issuer, "/") {
			return p, fmt.Errorf("%s says that it is %q; give that URL if you trust it", issuer, printable(found.Issuer, 200, nil))
		}
		p.Endpoint = oauth2.Endpoint{AuthURL: found.Auth, TokenURL: found.Token, DeviceAuthURL: found.Device}
		p.RevokeURL = found.Revoke
		return p, nil
	}
	return p, fmt.Errorf("%s does not tell its endpoints: %w; give them with --oauthauthurl and --oauthtokenurl (and --oauthdeviceurl)", issuer, last)
}

func getJSON(ctx context.Context, from string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	resp, err := client(ctx).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // only read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status %d from %s", resp.StatusCode, from)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into)
}

// revoke is RFC 7009.
func revoke(ctx context.Context, r *Record, token string) error {
	if err := checkURL("revocation URL", r.RevokeURL); err != nil {
		return err
	}
	form := url.Values{"token": {token}, "client_id": {r.ClientID}}
	if r.ClientSecret != "" {
		form.Set("client_secret", r.ClientSecret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.RevokeURL, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client(ctx).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // only read
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	var said struct {
		Code string `json:"error"`
		Text string `json:"error_description"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&said) // without it the status is told
	if said.Code == "invalid_token" || said.Code == "invalid_grant" {
		return nil // it is void already
	}
	return &oauth2.RetrieveError{Response: resp, ErrorCode: said.Code, ErrorDescription: said.Text}
}
