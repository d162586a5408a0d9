package imapconn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// SCRAM without channel binding follows one with it only where the server itself
// refuses that: a challenge that does not hold may come from somebody in between,
// who wants the binding left out.
func TestBindingIsNotGivenUp(t *testing.T) {
	cert, parsed := testCert(t)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	challenge := func(text, then string) func(*peer) {
		return func(p *peer) {
			p.say("+ \n")
			p.line()
			p.say("+ " + b64(text) + "\n")
			p.want("*")
			p.say("T1 " + then + "\n")
		}
	}
	// final is a server that names an error in its last message.
	final := func(text string) func(*peer) {
		return func(p *peer) {
			p.say("+ \n")
			first, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(p.line()))
			_, nonce, _ := strings.Cut(string(first), ",r=")
			p.say("+ " + b64("r="+nonce+"more,s=YWJj,i=4096") + "\n")
			p.line()
			p.say("+ " + b64(text) + "\n")
			p.want("*")
			p.say("T1 NO failed\n")
		}
	}
	for name, tc := range map[string]struct {
		serve func(*peer)
		falls bool
	}{
		"refused":                  {func(p *peer) { p.say("T1 NO no such mechanism\n") }, true},
		"BAD":                      {func(p *peer) { p.say("T1 BAD what?\n") }, true},
		"unknown binding":          {final("e=unsupported-channel-binding-type"), true},
		"the bindings differ":      {final("e=channel-bindings-dont-match"), false},
		"a forged nonce":           {challenge("r=forged,s=YWJj,i=4096", "BAD cancelled"), false},
		"too many iterations":      {challenge("r=x,s=YWJj,i=2000000000", "NO cancelled"), false},
		"nonsense, then a refusal": {challenge("nonsense", "NO cancelled"), false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p = serveTLS(p, cert)
				p.say("* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS] hi\n")
				p.want("T1 AUTHENTICATE SCRAM-SHA-256-PLUS")
				tc.serve(p)
				if tc.falls {
					p.want("T2 AUTHENTICATE SCRAM-SHA-256")
					p.say("T2 NO not you\n")
				}
				p.ended()
			})
			cfg.Host, cfg.TLS, cfg.TLSConfig = "mail.example.org", TLSImplicit, &tls.Config{RootCAs: pool} //nolint:gosec // a test
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New(canary), Mech: "SCRAM-SHA-256"}); err == nil {
				t.Error("logged in")
			}
			_ = c.Close()
		})
	}
}
