package oauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Record is a stored login. It holds secrets: print only what its methods give.
type Record struct {
	Version  int    `json:"version"`
	Provider string `json:"provider"`
	User     string `json:"user"`
	// Keyring: the tokens and the client secret are in the system's keyring, and
	// empty here.
	Keyring bool `json:"keyring,omitempty"`

	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret,omitempty"`
	AuthURL      string   `json:"auth_url,omitempty"`
	DeviceURL    string   `json:"device_url,omitempty"`
	TokenURL     string   `json:"token_url"`
	RevokeURL    string   `json:"revoke_url,omitempty"`
	Scopes       []string `json:"scopes"`
	// Hosts are the IMAP servers that the tokens may be sent to.
	Hosts    []string `json:"hosts"`
	IMAPHost string   `json:"imap_host,omitempty"`

	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry"`
	Obtained     time.Time `json:"obtained"`
}

// recordVersion is that of the files written.
const recordVersion = 1

// newRecord is a login at a provider, before there are tokens.
func newRecord(p *Provider, client Client, user string) *Record {
	return &Record{
		Version: recordVersion, Provider: p.Name, User: user,
		ClientID: client.ID, ClientSecret: client.Secret.Reveal(),
		AuthURL: p.Endpoint.AuthURL, DeviceURL: p.Endpoint.DeviceAuthURL, TokenURL: p.Endpoint.TokenURL, RevokeURL: p.RevokeURL,
		Scopes: slices.Clone(p.Scopes), Hosts: slices.Clone(p.Hosts), IMAPHost: p.IMAPHost,
	}
}

// config is what x/oauth2 wants to know.
func (r *Record) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: r.ClientID, ClientSecret: r.ClientSecret, Scopes: r.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: r.AuthURL, DeviceAuthURL: r.DeviceURL, TokenURL: r.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// take puts the tokens of an answer into the record. A provider that does not
// rotate refresh tokens sends none with a renewal: the old one stays.
func (r *Record) take(t *oauth2.Token, now time.Time) {
	r.AccessToken, r.Expiry, r.Obtained = t.AccessToken, t.Expiry, now
	if t.RefreshToken != "" {
		r.RefreshToken = t.RefreshToken
	}
}

func (r *Record) token() *oauth2.Token {
	return &oauth2.Token{AccessToken: r.AccessToken, RefreshToken: r.RefreshToken, Expiry: r.Expiry}
}

// Where names the place of the tokens for people.
func (r *Record) Where() string {
	if r.Keyring {
		return "the keyring of the system"
	}
	return "a file that only you can read"
}

// check refuses a file that no login wrote.
func (r *Record) check() error {
	switch {
	case r.Version > recordVersion:
		return fmt.Errorf("it was written by a newer imaphaul (version %d of the file)", r.Version)
	case r.Version < 1 || r.Provider == "" || r.User == "" || r.TokenURL == "" || r.ClientID == "":
		return fmt.Errorf("it is no token file of \"imaphaul login\": provider, user, client id or token URL is missing")
	}
	return checkURL("token_url", r.TokenURL)
}

// parseRecord reads the contents of a token file.
func parseRecord(b []byte) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal(b, r); err != nil {
		// The error of the decoder may quote the file.
		return nil, fmt.Errorf("it is no token file of \"imaphaul login\": its JSON cannot be read")
	}
	return r, r.check()
}

// name is the record's key in a directory and in a keyring: one for each user
// and provider, whatever characters they are made of.
func (r *Record) name() string { return recordName(r.Provider, r.User) }

func recordName(provider, user string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(user) + "@@" + strings.ToLower(provider)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == '@', c == '+':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return strings.TrimLeft(b.String(), ".")
}
