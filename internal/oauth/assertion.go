package oauth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined with it (RFC 7515 section 4.1.7)
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// assertionLife is how long an assertion is valid; Microsoft recommends five to
// ten minutes at most.
const assertionLife = 5 * time.Minute

// assertionKey signs what proves an application's identity (RFC 7523).
type assertionKey struct {
	key  *rsa.PrivateKey
	cert []byte // DER
}

// loadAssertionKey reads certificate and key in PEM; an empty keyFile is certFile.
func loadAssertionKey(certFile, keyFile string) (*assertionKey, error) {
	pair, err := tls.LoadX509KeyPair(certFile, or(keyFile, certFile))
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key of the certificate is no RSA key")
	}
	return &assertionKey{key: key, cert: pair.Certificate[0]}, nil
}

// assertion is a signed statement of the client that it is the client, for one
// request to the token endpoint. Each one is new.
func (k *assertionKey) assertion(clientID, tokenURL string) (secret.Secret, error) {
	now := time.Now()
	var id [16]byte
	_, _ = rand.Read(id[:])                                    // never fails
	thumb, thumb256 := sha1.Sum(k.cert), sha256.Sum256(k.cert) //nolint:gosec // see above
	enc := base64.RawURLEncoding
	header, err := json.Marshal(map[string]string{
		"alg": "RS256", "typ": "JWT", "x5t": enc.EncodeToString(thumb[:]), "x5t#S256": enc.EncodeToString(thumb256[:]),
	})
	if err != nil {
		return secret.Secret{}, err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": tokenURL, "jti": enc.EncodeToString(id[:]),
		// Clocks differ a little.
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return secret.Secret{}, err
	}
	signed := enc.EncodeToString(header) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	if err != nil {
		return secret.Secret{}, fmt.Errorf("sign the client assertion: %w", err)
	}
	return secret.New(signed + "." + enc.EncodeToString(sig)), nil
}
