package auth

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// xoauth2Client is XOAUTH2 (Google's, also Microsoft's and Yahoo's): one
// message; a challenge afterwards is the server's reason in JSON, to which the
// answer is an empty line.
type xoauth2Client struct {
	user   string
	token  secret.Secret
	reason string
}

// Start refuses an absent token and gives the message.
func (c *xoauth2Client) Start() (string, []byte, error) {
	if !c.token.IsSet() {
		return "", nil, fmt.Errorf("%s: no access token given (--oauthaccesstoken1 or --oauthaccesstoken2)", XOAuth2)
	}
	c.reason = ""
	return XOAuth2, []byte("user=" + c.user + "\x01auth=Bearer " + c.token.Reveal() + "\x01\x01"), nil
}

func (c *xoauth2Client) Next(challenge []byte) ([]byte, error) {
	c.reason = clean(string(challenge), c.token)
	return []byte{}, nil
}

// Reason is the server's JSON.
func (c *xoauth2Client) Reason() string { return c.reason }

// bearerClient is OAUTHBEARER (RFC 7628).
type bearerClient struct {
	p      Params
	reason string
}

// Start refuses an absent token and gives the message.
func (c *bearerClient) Start() (string, []byte, error) {
	if !c.p.Token.IsSet() {
		return "", nil, fmt.Errorf("%s: no access token given (--oauthaccesstoken1 or --oauthaccesstoken2)", OAuthBearer)
	}
	c.reason = ""
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(c.p.User)
	msg := "n,a=" + user + ",\x01"
	if c.p.Host != "" {
		msg += "host=" + c.p.Host + "\x01"
	}
	if c.p.Port != 0 {
		msg += fmt.Sprintf("port=%d\x01", c.p.Port)
	}
	return OAuthBearer, []byte(msg + "auth=Bearer " + c.p.Token.Reveal() + "\x01\x01"), nil
}

func (c *bearerClient) Next(challenge []byte) ([]byte, error) {
	c.reason = clean(string(challenge), c.p.Token)
	return []byte{0x01}, nil // RFC 7628 section 3.2.3
}

// Reason is the server's JSON.
func (c *bearerClient) Reason() string { return c.reason }

// Direct is XOAUTH2 with a message given ready made, still in base64, as
// --oauthdirectN does it.
type Direct struct {
	// Message is the decoded message.
	Message secret.Secret
	reason  string
}

// Start gives the message as it is.
func (c *Direct) Start() (string, []byte, error) {
	c.reason = ""
	return XOAuth2, []byte(c.Message.Reveal()), nil
}

// Next answers the server's reason with an empty line.
func (c *Direct) Next(challenge []byte) ([]byte, error) {
	c.reason = clean(string(challenge), c.Message)
	return []byte{}, nil
}

// Reason is the server's JSON.
func (c *Direct) Reason() string { return c.reason }

// clean takes the secret out of a text of the server, should it quote it, and
// bounds its length.
func clean(s string, hide secret.Secret) string {
	if hide.IsSet() {
		s = strings.ReplaceAll(s, hide.Reveal(), secret.Masked)
	}
	const limit = 500
	if len(s) > limit {
		s = s[:limit] + "..."
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
