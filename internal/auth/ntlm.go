package auth

import (
	"errors"
	"fmt"
	"strings"

	ntlmssp "github.com/Azure/go-ntlmssp"
)

// ntlmClient is NTLM as Exchange speaks it in SASL: negotiate, challenge,
// authenticate (NTLMv2).
type ntlmClient struct {
	p    Params
	done bool
}

func (c *ntlmClient) Start() (string, []byte, error) {
	c.done = false
	// Domain and workstation of the negotiate message are the client
	// machine's, which nobody needs to know.
	msg, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return "", nil, fmt.Errorf("NTLM: %w", err)
	}
	return NTLM, msg, nil
}

func (c *ntlmClient) Next(challenge []byte) ([]byte, error) {
	if c.done {
		return nil, errors.New("NTLM: the server sends a second challenge")
	}
	if len(challenge) == 0 {
		return nil, errors.New("NTLM: the server sends an empty challenge")
	}
	c.done = true
	user, _ := c.p.identities()
	if c.p.Domain != "" && !strings.ContainsAny(user, `\`) {
		user = c.p.Domain + `\` + user
	}
	msg, err := ntlmssp.NewAuthenticateMessage(challenge, user, c.p.Password.Reveal(), nil)
	if err != nil {
		return nil, fmt.Errorf("NTLM: %w", err)
	}
	return msg, nil
}
