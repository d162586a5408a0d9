package session

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/proxy"
)

// TestTrustsLoopback: a certificate is waived on this machine alone.
func TestTrustsLoopback(t *testing.T) {
	line, err := proxy.Parse("socks5://127.0.0.1:1080")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		acct    plan.Account
		proxied bool
		want    bool
	}{
		"localhost":              {acct: plan.Account{Host: "localhost"}, want: true},
		"address":                {acct: plan.Account{Host: "127.0.0.9"}, want: true},
		"another machine":        {acct: plan.Account{Host: "imap.example.org"}},
		"localhost, by a proxy":  {acct: plan.Account{Host: "localhost"}, proxied: true},
		"::1, by a proxy":        {acct: plan.Account{Host: "::1"}, proxied: true},
		"a check was asked for":  {acct: plan.Account{Host: "localhost", VerifyGiven: true}},
		"an authority was given": {acct: plan.Account{Host: "localhost", CAFile: "ca.pem"}},
		"a token":                {acct: plan.Account{Host: "localhost", Mech: "XOAUTH2"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Account{Plan: &tc.acct}
			if tc.proxied {
				s.Config.Proxy = line
			}
			if got := s.trustsLoopback(); got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}
