package imapconn

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// A certificate that is let pass with a warning proves nothing: no token goes to
// such a server, unless the user named it. One that is pinned, or whose check had
// nothing to waive, does prove it.
func TestNoTokenAfterWaivedCertificate(t *testing.T) {
	cert, parsed := testCert(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: parsed.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	name := parsed.DNSNames[0]
	for what, tc := range map[string]struct {
		host    string
		options TLSOptions
		trusted []string
		sent    bool
	}{
		"unknown authority":   {name, TLSOptions{}, nil, false},
		"another name":        {"localhost", TLSOptions{CAFile: ca}, nil, false},
		"named by the user":   {"localhost", TLSOptions{}, []string{"localhost"}, true},
		"nothing to waive":    {name, TLSOptions{CAFile: ca}, nil, true},
		"pinned":              {"localhost", TLSOptions{Fingerprint: Fingerprint(parsed)}, nil, true},
		"no check whatsoever": {name, TLSOptions{Insecure: true}, nil, false},
	} {
		t.Run(what, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p = serveTLS(p, cert)
				p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\n")
				if tc.sent {
					p.want("T1 AUTHENTICATE XOAUTH2 " + xoauth2("tok"))
					p.say("T1 OK [CAPABILITY IMAP4rev1] in\n")
					p.line()
					p.say("T2 OK\n")
				}
				p.ended()
			})
			var waived atomic.Bool
			tc.options.Waived = func(error) { waived.Store(true) }
			var err error
			cfg.Host, cfg.TLS, cfg.Waived = tc.host, TLSImplicit, waived.Load
			if cfg.TLSConfig, err = tc.options.Config(tc.host); err != nil {
				t.Fatal(err)
			}
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			hosts := TokenHosts{For: func(host string) bool { return host == tc.host }, Trusted: tc.trusted}
			err = c.Login(t.Context(), Credentials{User: "u", TokenSource: steady{secret.New("tok")}, TokenHosts: hosts})
			if (err == nil) != tc.sent || err != nil && (!errors.Is(err, ErrTokenHost) || !strings.Contains(err.Error(), "certificate")) {
				t.Error(err)
			}
			_ = c.Close()
		})
	}
}
