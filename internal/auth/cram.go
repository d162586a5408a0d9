package auth

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the mechanism's own digest
	"encoding/hex"
	"errors"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// cramClient is CRAM-MD5 (RFC 2195): user and HMAC-MD5 of the challenge.
type cramClient struct {
	user     string
	password secret.Secret
	done     bool
}

func (c *cramClient) Start() (string, []byte, error) {
	c.done = false
	return CramMD5, nil, nil
}

func (c *cramClient) Next(challenge []byte) ([]byte, error) {
	if c.done {
		return nil, errors.New("CRAM-MD5: the server sends a second challenge")
	}
	c.done = true
	mac := hmac.New(md5.New, []byte(c.password.Reveal()))
	mac.Write(challenge)
	return []byte(c.user + " " + hex.EncodeToString(mac.Sum(nil))), nil
}
