package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	stdhash "hash"
	"strings"

	"github.com/xdg-go/scram"
)

// scramClient is SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677). The PLUS
// variants prove that both ends are on one TLS connection (RFC 9266), so that
// nobody in between can pass the exchange on.
type scramClient struct {
	mech   string
	client *scram.Client
	conv   *scram.ClientConversation
	new    func() *scram.ClientConversation
	done   <-chan struct{}
	sent   int // messages
}

func newScram(mech string, p Params) (*scramClient, error) {
	hash := scram.SHA1
	if mech == ScramSHA256 || mech == ScramSHA256Plus {
		hash = scram.SHA256
	}
	authcid, authzid := p.identities()
	stoppable := scram.HashGeneratorFcn(func() stdhash.Hash { return &stoppableHash{hash(), p.Done} })
	c, err := stoppable.NewClient(authcid, p.Password.Reveal(), authzid)
	if err != nil {
		// The library's error may quote the text it could not prepare.
		return nil, fmt.Errorf("%s: user name or password has characters that SASLprep (RFC 4013) forbids", mech)
	}
	s := &scramClient{mech: mech, client: c, new: c.NewConversation, done: p.Done}
	if !strings.HasSuffix(mech, "-PLUS") {
		return s, nil
	}
	if !CanBind(p.TLS) {
		return nil, fmt.Errorf("%s needs a connection with TLS 1.3", mech)
	}
	binding, err := scram.NewTLSExporterBinding(p.TLS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mech, err)
	}
	s.new = func() *scram.ClientConversation { return c.NewConversationWithChannelBinding(binding) }
	return s, nil
}

// CanBind reports whether a connection has what the PLUS variants bind to.
func CanBind(state *tls.ConnectionState) bool {
	return state != nil && state.HandshakeComplete && state.Version >= tls.VersionTLS13
}

func (c *scramClient) Start() (string, []byte, error) {
	c.conv, c.sent = c.new(), 1
	first, err := c.conv.Step("")
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", c.mech, err)
	}
	return c.mech, []byte(first), nil
}

func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	if c.conv == nil || c.conv.Done() {
		return nil, errors.New(c.mech + ": the server sends a challenge after the last")
	}
	if c.sent == 1 {
		if err := checkIterations(string(challenge)); err != nil {
			return nil, fmt.Errorf("%s: %w", c.mech, err)
		}
	}
	c.sent++
	out, err := c.conv.Step(string(challenge))
	if isClosed(c.done) {
		return nil, fmt.Errorf("%s: %w", c.mech, ErrInterrupted)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.mech, err)
	}
	return []byte(out), nil
}

// Verify demands the server's signature.
func (c *scramClient) Verify() error {
	if c.conv == nil || !c.conv.Valid() {
		return errors.New(c.mech + ": the server accepted the login without proving that it knows the password")
	}
	return nil
}
