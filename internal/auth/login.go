package auth

import (
	"errors"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// loginClient is the LOGIN mechanism (draft-murchison-sasl-login): user to the
// first prompt, password to the second, whatever the prompts say; servers
// translate them.
type loginClient struct {
	user     string
	password secret.Secret
	step     int
}

func (c *loginClient) Start() (string, []byte, error) {
	c.step = 0
	return Login, nil, nil
}

func (c *loginClient) Next([]byte) ([]byte, error) {
	c.step++
	switch c.step {
	case 1:
		return []byte(c.user), nil
	case 2:
		return []byte(c.password.Reveal()), nil
	}
	return nil, errors.New("LOGIN: the server asks for more than user and password")
}
