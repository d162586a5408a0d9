package oauth

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/jwt"
	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// ServiceAccount is the source for a mailbox of a Google Workspace domain that
// lets a service account act for its users (domain-wide delegation). keyFile is
// the JSON key that the Google Cloud console gives; user is the mailbox. An
// empty tokenURL is the file's, an empty scope GoogleScope.
func ServiceAccount(keyFile, user, tokenURL, scope string) (Source, error) {
	b, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, bare(err)
	}
	conf, err := google.JWTConfigFromJSON(b, or(scope, GoogleScope))
	if err != nil {
		return nil, errors.New("it is no JSON key of a Google service account; make one in the Google Cloud console under IAM, Service Accounts, Keys")
	}
	if conf.Email == "" {
		return nil, errors.New("it is no JSON key of a Google service account: client_email is missing")
	}
	return delegated(conf, user, tokenURL)
}

// ServiceAccountP12 is ServiceAccount with the older kind of key: a PKCS#12 file
// with its password, and the service account's e-mail address as issuer.
func ServiceAccountP12(issuer, keyFile string, password secret.Secret, user, tokenURL, scope string) (Source, error) {
	b, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, bare(err)
	}
	key, _, err := pkcs12.Decode(b, password.Reveal())
	if err != nil {
		if errors.Is(err, pkcs12.ErrIncorrectPassword) {
			return nil, errors.New("the password of the PKCS#12 file is wrong (Google's is notasecret)")
		}
		return nil, errors.New("it is no PKCS#12 file with one private key and its certificate")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("its key is no RSA key")
	}
	conf := &jwt.Config{
		Email: issuer, Scopes: []string{or(scope, GoogleScope)}, TokenURL: google.Endpoint.TokenURL,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}),
	}
	return delegated(conf, user, tokenURL)
}

func delegated(conf *jwt.Config, user, tokenURL string) (Source, error) {
	conf.Subject = user
	conf.TokenURL = or(tokenURL, conf.TokenURL)
	if err := checkURL("token URL", conf.TokenURL); err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(conf.PrivateKey); block == nil {
		return nil, errors.New("its private_key is not in PEM")
	}
	what := fmt.Sprintf("get a token for %s with the service account %s", user, conf.Email)
	return newCache(what, nil, func(ctx context.Context, _ secret.Secret) (*oauth2.Token, error) {
		return conf.TokenSource(ctx).Token()
	}), nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
