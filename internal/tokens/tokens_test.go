package tokens

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Sources are made before anything is connected; an error names option and file.
// One login that both sides use is one source.
func TestMakeTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.json")
	good := `{"version": 1, "provider": "google", "user": "u", "client_id": "c", "token_url": "https://login.example.org/t", "hosts": ["imap.gmail.com"], "scopes": ["s"]}`
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	stored := &plan.OAuth{Kind: plan.OAuthStored, File: file, Option: "--tokenfile1"}
	p := &plan.Plan{Host1: plan.Account{OAuth: stored}, Host2: plan.Account{OAuth: stored}}
	made, err := Make(p, nil)
	if err != nil || made.Of(1).Source == nil || made.Of(1).Source != made.Of(2).Source {
		t.Errorf("%v, %v", made, err)
	}
	if f := made.Of(1).For; !f("imap.gmail.com") || f("imap.example.org") || f("127.0.0.1") {
		t.Error("the token is for other hosts")
	}
	for _, o := range []*plan.OAuth{
		{Kind: plan.OAuthServiceAccount, File: file, Option: "--googlekey2"},
		{Kind: plan.OAuthStored, File: "/no/such", Option: "--tokenfile2"},
		{Kind: plan.OAuthMicrosoftApp, ClientID: "c", Tenant: "t", CertFile: file, Option: "--msclientid2"},
	} {
		_, err := Make(&plan.Plan{Host2: plan.Account{OAuth: o}}, nil)
		if err == nil || !strings.Contains(err.Error(), o.Option) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
