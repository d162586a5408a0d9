package plan

import "github.com/imaphaul/imaphaul/internal/secret"

// OAuthKind is a way to access tokens.
type OAuthKind string

// The ways.
const (
	// OAuthFile is a token in a file, which Command renews.
	OAuthFile OAuthKind = "file"
	// OAuthStored is a login stored by "imaphaul login".
	OAuthStored OAuthKind = "stored login"
	// OAuthServiceAccount and OAuthServiceAccountP12 are Google's, with
	// domain-wide delegation.
	OAuthServiceAccount    OAuthKind = "service account"
	OAuthServiceAccountP12 OAuthKind = "service account, PKCS#12"
	// OAuthMicrosoftApp and OAuthApp are applications without a user.
	OAuthMicrosoftApp OAuthKind = "application of Microsoft 365"
	OAuthApp          OAuthKind = "application"
)

// OAuth says where the access tokens of an account come from.
type OAuth struct {
	Kind OAuthKind
	// File is the token file, the stored login, or the service account's key.
	File string
	// Option is the one that chose this way, for messages.
	Option string
	// Command renews File (--oauthrefreshcmdN). It may hold secrets.
	Command secret.Secret `json:",omitzero"`
	// Issuer and KeyPassword belong to a PKCS#12 key.
	Issuer      string        `json:",omitempty"`
	KeyPassword secret.Secret `json:",omitzero"`
	ClientID    string        `json:",omitempty"`
	Tenant      string        `json:",omitempty"`
	// SecretFile holds the client secret; or CertFile and KeyFile (which may be ""
	// for the same file) prove who the client is.
	SecretFile string `json:",omitempty"`
	CertFile   string `json:",omitempty"`
	KeyFile    string `json:",omitempty"`
	// TokenURL and Scope are "" for the provider's.
	TokenURL string `json:",omitempty"`
	Scope    string `json:",omitempty"`
}
