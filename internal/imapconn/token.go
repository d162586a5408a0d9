package imapconn

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// token gives the access token, from file or source if that is where it is.
func (cr *Credentials) token(ctx context.Context, cfg *Config) (secret.Secret, error) {
	switch {
	case cr.TokenSource != nil:
		t, err := cr.TokenSource.Token(ctx)
		if err != nil {
			return t, fmt.Errorf("%s: get an access token: %w", cfg.Label(), err)
		}
		return t, nil
	case cr.TokenFile != "":
		return firstLine(cr.TokenFile, cfg.opt("oauthaccesstoken"))
	}
	return cr.Token, nil
}

func (cr *Credentials) direct(cfg *Config) (secret.Secret, error) {
	if cr.OAuthDirectFile != "" {
		return firstLine(cr.OAuthDirectFile, cfg.opt("oauthdirect"))
	}
	return cr.OAuthDirect, nil
}

// firstLine reads the first line of a file that holds a secret.
func firstLine(name, option string) (secret.Secret, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("%s: %w", option, err)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	b, _, _ = bytes.Cut(b, []byte("\n"))
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return secret.Secret{}, fmt.Errorf("%s: the first line of %s is empty", option, name)
	}
	return secret.New(string(b)), nil
}
