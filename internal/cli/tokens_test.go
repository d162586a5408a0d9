package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// hosts are two accounts without any password.
var hosts = []string{"--host1", "imap.example.org", "--user1", "u", "--host2", "h.example.org", "--user2", "u", "--password2", "p"}

func TestWaysToTokens(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key.json")
	if err := os.WriteFile(file, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p12 := filepath.Join(dir, "key.p12")
	if err := os.WriteFile(p12, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args string
		kind plan.OAuthKind // "" for a problem
		want string
	}{
		{"--googlekey1 " + file, plan.OAuthServiceAccount, ""},
		{"--authmech1 xoauth2 --password1 " + file, plan.OAuthServiceAccount, ""},
		{"--authmech1 OAUTHBEARER --passfile1 " + filepath.Join(dir, "pointer"), plan.OAuthServiceAccount, ""},
		{"--authmech1 XOAUTH2 --password1 robot@x.example;" + p12 + ";not;secret", plan.OAuthServiceAccountP12, ""},
		{"--tokenfile1 " + file, plan.OAuthStored, ""},
		{"--msclientid1 id --mstenant1 example.org --mssecretfile1 " + file, plan.OAuthMicrosoftApp, ""},
		{"--oauthclientid1 id --oauthtokenurl1 https://login.example.org/t --oauthsecretfile1 " + file, plan.OAuthApp, ""},
		{"--oauthaccesstoken1 /not/there/yet --oauthrefreshcmd1 true", plan.OAuthFile, ""},
		{"--authmech1 XOAUTH2 --password1 word", "", "a password will not do"},
		{"--authmech1 XOAUTH2 --password1 robot;/no/such.p12;x", "", "no such file"},
		{"--googlekey1 " + file + " --tokenfile1 " + file, "", "Give one of them"},
		{"--googlekey1 " + file + " --oauthaccesstoken1 tok", "", "Give one of them"},
		{"--googlekey1 /no/such", "", "no such file"},
		{"--googlekey1 " + file + " --authmech1 CRAM-MD5", "", "takes no token"},
		{"--msclientid1 id --mssecretfile1 " + file, "", "in which tenant"},
		{"--msclientid1 id --mstenant1 a/b --mssecretfile1 " + file, "", "not a tenant"},
		{"--msclientid1 id --mstenant1 t", "", "how does it prove"},
		{"--mstenant1 t", "", "without --msclientid1"},
		{"--oauthscope1 s", "", "without --oauthclientid1"},
		{"--oauthclientid1 id --oauthtokenurl1 http://login.example.org/t --oauthsecretfile1 " + file, "", "https://"},
		{"--oauthclientid1 id", "", "--oauthtokenurl1"},
		{"--oauthrefreshcmd1 true", "", "which file"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "pointer"), []byte(file+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, out := Parse(Input{Args: append(slices.Clone(hosts), strings.Fields(tc.args)...)})
		switch {
		case tc.kind == "" && (out == nil || !strings.Contains(out.Stderr, tc.want)):
			t.Errorf("%s: %+v", tc.args, out)
		case tc.kind == "" || out != nil:
			if tc.kind != "" {
				t.Errorf("%s: %s", tc.args, out.Stderr)
			}
		case p.Host1.OAuth == nil || p.Host1.OAuth.Kind != tc.kind || p.Host1.Password.IsSet():
			t.Errorf("%s: %+v", tc.args, p.Host1.OAuth)
		case tc.kind == plan.OAuthServiceAccountP12 && p.Host1.OAuth.KeyPassword.Reveal() != "not;secret":
			t.Errorf("%s: the password of the key is cut", tc.args)
		}
	}
}

// A stored login is used when nothing else was given, and said.
func TestStoredLoginIsFound(t *testing.T) {
	find := func(user, host string) string {
		if user == "u" && host == "imap.example.org" {
			return "/tokens/u.json"
		}
		return ""
	}
	for _, tc := range []struct {
		args  string
		found bool
	}{
		{"", true}, {"--authmech1 xoauth2", true}, {"--password1 p", false}, {"--oauthaccesstoken1 t", false},
		{"--authmech1 PLAIN", false}, {"--authuser1 admin", false}, {"--user1 other", false}, {"--host1 other.example.org", false},
		{"--secret1 env:X", false},
	} {
		p, out := Parse(Input{
			Args: append(slices.Clone(hosts), strings.Fields(tc.args)...), FindLogin: find, Environ: []string{"X=p"},
			AskSecret: func(string) (string, error) { return "p", nil },
		})
		if out != nil {
			t.Fatalf("%s: %s", tc.args, out.Stderr)
		}
		if got := p.Host1.OAuth != nil; got != tc.found || got != strings.Contains(strings.Join(p.Output.Notes, "\n"), "/tokens/u.json") {
			t.Errorf("%s: found %v, notes %q", tc.args, got, p.Output.Notes)
		}
	}
}

func TestSecretSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("from file\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fetch := func(kind, from string) (string, error) {
		if from == "broken" {
			return "", errors.New("no luck")
		}
		return kind + " " + from, nil
	}
	for _, tc := range []struct {
		value, want, wrong string
		code               int
	}{
		{"env:V", "from env", "", 0}, {"file:" + file, "from file", "", 0},
		{"keyring:mail", "keyring mail", "", 0}, {"cmd:pass show x:y", "cmd pass show x:y", "", 0},
		{canary, "", "does not say where", 64}, {"env:", "", "does not say where", 64}, {"http:" + canary, "", "does not say where", 64},
		{"env:NONE", "", "not set", 161}, {"keyring:broken", "", "no luck", 161}, {"file:/no/" + canary, "", "no such file", 66},
	} {
		in := Input{Args: append(slices.Clone(hosts), "--secret1", tc.value), Environ: []string{"V=from env", "IMAPSYNC_PASSWORD1=other"}, FetchSecret: fetch}
		p, out := Parse(in)
		switch {
		case tc.wrong != "" && (out == nil || out.Code != tc.code || !strings.Contains(out.Stderr, tc.wrong) || strings.Contains(out.Stderr, canary)):
			t.Errorf("%s: %+v", tc.value, out)
		case tc.wrong == "" && (out != nil || p.Host1.Password.Reveal() != tc.want || !strings.Contains(strings.Join(p.Output.Notes, ""), "IMAPSYNC_PASSWORD1 is not used")):
			t.Errorf("%s: %+v", tc.value, out)
		}
	}
	for _, other := range []string{"--password1", "--passfile1"} {
		if _, out := Parse(Input{Args: append(slices.Clone(hosts), "--secret1", "env:V", other, file)}); out == nil || !strings.Contains(out.Stderr, "Give one") {
			t.Errorf("%s beside --secret1: %+v", other, out)
		}
	}
}

func TestPinAndTLSVersion(t *testing.T) {
	hex := strings.Repeat("ab", 32)
	p := mustPlan(t, append(slices.Clone(accounts), "--fingerprint1", "SHA256:"+strings.ToUpper(hex[:2])+":"+hex[2:], "--tlsmin2", "1.3")...)
	if p.Host1.Fingerprint != hex || p.Host2.MinTLS != "1.3" {
		t.Errorf("%q, %q", p.Host1.Fingerprint, p.Host2.MinTLS)
	}
	for args, want := range map[string]string{
		"--fingerprint1 " + hex: "sha256:", "--fingerprint2 sha256:abc": "64 hexadecimal", "--tlsmin1 3": "Give 1.0",
		"--tlsmin1 1.3 --sslargs1 SSL_version=TLSv1_2": "nothing newer than 1.2",
	} {
		if _, out := parse(append(slices.Clone(accounts), strings.Fields(args)...)...); out == nil || !strings.Contains(out.Stderr, want) {
			t.Errorf("%s: %+v", args, out)
		}
	}
}

func TestLoginCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"login google --user u":              "",
		"login Microsoft --user1 u --device": "",
		"login https://login.example.org --user u --oauthscope s --oauthhost imap.example.org": "",
		"login --list":                             "",
		"login --test --user u":                    "",
		"login --test --tokenfile f":               "",
		"login google --setup":                     "",
		"login":                                    "USAGE",
		"login --help":                             "USAGE",
		"login yahoo --user u":                     "is no provider",
		"login google":                             "for which mailbox",
		"login --user u":                           "at which provider",
		"login google more --user u":               "extra arguments",
		"login google --user u --nonsens":          "Unknown option",
		"login --list --revoke":                    "exclude each other",
		"login https://login.example.org --user u": "--oauthscope",
		"login microsoft --mstenant a/b --user u":  "not a tenant",
	} {
		_, out := Parse(Input{Args: strings.Fields(args)})
		if out == nil || (out.Login != nil) != (want == "") || want != "" && !strings.Contains(out.Stdout+out.Stderr, want) {
			t.Errorf("%s: %+v", args, out)
		}
	}
}

func TestSecretsIn(t *testing.T) {
	args := strings.Fields("--user1 u --password1 abc --PassWord2=def +passfile1 f --oauthdirect1 xyz --folder password1 --token=abc --secret1 env:X")
	want := []int{-1, -1, -1, 0, 12, -1, -1, -1, 0, -1, -1, 8, -1, 0}
	if got := SecretsIn(args, false); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
