// Package auth holds the SASL mechanisms that IMAP servers ask for, each as a
// sasl.Client (github.com/emersion/go-sasl). A client computes responses; the
// dialogue itself (AUTHENTICATE, base64, cancelling with *) is imapconn's.
//
// No error of this package quotes a password, a token or a response.
package auth

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Names of the mechanisms, as they stand behind AUTHENTICATE.
const (
	Plain       = "PLAIN"
	Login       = "LOGIN"
	CramMD5     = "CRAM-MD5"
	DigestMD5   = "DIGEST-MD5"
	ScramSHA1   = "SCRAM-SHA-1"
	ScramSHA256 = "SCRAM-SHA-256"
	// With channel binding.
	ScramSHA1Plus   = "SCRAM-SHA-1-PLUS"
	ScramSHA256Plus = "SCRAM-SHA-256-PLUS"
	NTLM            = "NTLM"
	External        = "EXTERNAL"
	XOAuth2         = "XOAUTH2"
	OAuthBearer     = "OAUTHBEARER"
)

// Params is what the mechanisms need; each takes its part.
type Params struct {
	// User is the mailbox's owner: the authorization identity when AuthUser
	// is given, the authentication identity otherwise.
	User string
	// AuthUser is the one who authenticates in place of User, or empty.
	AuthUser string
	// Password goes with AuthUser, or with User when there is none.
	Password secret.Secret
	// Token is an OAuth 2.0 access token.
	Token secret.Secret
	// TLS is the connection's state, for the channel binding tls-exporter of TLS 1.3
	// (RFC 9266); nil in the clear.
	TLS *tls.ConnectionState
	// Domain is the Windows domain of NTLM, or empty.
	Domain string
	// Host and Port are the server's, as OAUTHBEARER and DIGEST-MD5 sign them.
	Host string
	Port int
	// Done, once closed, ends a long computation with ErrInterrupted; nil for
	// never.
	Done <-chan struct{}
}

// identities splits the two users: who logs in, and as whom (empty for the same).
func (p Params) identities() (authcid, authzid string) {
	if p.AuthUser != "" {
		return p.AuthUser, p.User
	}
	return p.User, ""
}

// Verifier is a client that can tell after the server's OK whether the server
// proved that it knows the password, as SCRAM and DIGEST-MD5 demand.
type Verifier interface {
	// Verify returns an error when the proof is missing.
	Verify() error
}

// Explainer is a client to which the server gave a reason for its refusal.
type Explainer interface {
	// Reason is the server's text, empty when it gave none.
	Reason() string
}

// New returns the client of the mechanism, whose name may be in any case. An
// unknown name is an error that lists the known ones.
func New(mech string, p Params) (sasl.Client, error) {
	switch strings.ToUpper(mech) {
	case Plain:
		authcid, authzid := p.identities()
		return sasl.NewPlainClient(authzid, authcid, p.Password.Reveal()), nil
	case Login:
		authcid, _ := p.identities()
		return &loginClient{user: authcid, password: p.Password}, nil
	case CramMD5:
		authcid, _ := p.identities()
		return &cramClient{user: authcid, password: p.Password}, nil
	case DigestMD5:
		return newDigest(p), nil
	case ScramSHA1, ScramSHA256, ScramSHA1Plus, ScramSHA256Plus:
		return newScram(strings.ToUpper(mech), p)
	case NTLM:
		return &ntlmClient{p: p}, nil
	case External:
		return sasl.NewExternalClient(p.User), nil
	case XOAuth2:
		return &xoauth2Client{user: p.User, token: p.Token}, nil
	case OAuthBearer:
		return &bearerClient{p: p}, nil
	}
	return nil, fmt.Errorf("unknown authentication mechanism %q; known are LOGIN, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, PREAUTH and X-MASTERAUTH",
		mech, Plain, CramMD5, DigestMD5, ScramSHA1, ScramSHA256, ScramSHA1Plus, ScramSHA256Plus, NTLM, External, XOAuth2, OAuthBearer)
}
