package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Commands that the program starts inherit no password, wherever it came from.
func TestForgetSecrets(t *testing.T) {
	gone := []string{"IMAPSYNC_PASSWORD1", "IMAPSYNC_PASSWORD2", "IMAPHAUL_GOOGLE_CLIENT_SECRET", "MY_SECRET", "OTHER_SECRET",
		"IMAPHAUL_PASSWORD1", "IMAPHAUL_PASSWORD_2", "IMAPHAUL_OAUTHACCESSTOKEN1"}
	for _, name := range append(slices.Clone(gone), "STAYS") {
		t.Setenv(name, "canary")
	}
	forgetSecrets([]string{"--secret1", "env:MY_SECRET", "--secret2=env:OTHER_SECRET"}, os.Environ())
	for _, name := range gone {
		if _, ok := os.LookupEnv(name); ok {
			t.Errorf("%s is still there", name)
		}
	}
	if os.Getenv("STAYS") != "canary" {
		t.Error("more is gone than secrets")
	}
}

// A command for a secret is asked once, and shows nothing of what it prints when
// it fails.
func TestFetchSecret(t *testing.T) {
	if got, err := fetchSecret("cmd", "printf 'pass word\\r\\nsecond\\n'; echo canary >&2"); got != "pass word" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, command := range []string{"echo canary; exit 3", "head -c 100000 /dev/zero"} {
		if got, err := fetchSecret("cmd", command); err == nil || got != "" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
}

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
	made, err := makeTokens(p, nil)
	if err != nil || made.of(1).Source == nil || made.of(1).Source != made.of(2).Source {
		t.Errorf("%v, %v", made, err)
	}
	if f := made.of(1).For; !f("imap.gmail.com") || f("imap.example.org") || f("127.0.0.1") {
		t.Error("the token is for other hosts")
	}
	for _, o := range []*plan.OAuth{
		{Kind: plan.OAuthServiceAccount, File: file, Option: "--googlekey2"},
		{Kind: plan.OAuthStored, File: "/no/such", Option: "--tokenfile2"},
		{Kind: plan.OAuthMicrosoftApp, ClientID: "c", Tenant: "t", CertFile: file, Option: "--msclientid2"},
	} {
		_, err := makeTokens(&plan.Plan{Host2: plan.Account{OAuth: o}}, nil)
		if err == nil || !strings.Contains(err.Error(), o.Option) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
