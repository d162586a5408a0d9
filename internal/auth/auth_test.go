package auth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xdg-go/scram"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// TestCramMD5 is the example of RFC 2195 section 2.
func TestCramMD5(t *testing.T) {
	c, err := New("cram-md5", Params{User: "tim", Password: secret.New("tanstaaftanstaaf")})
	if err != nil {
		t.Fatal(err)
	}
	if mech, ir, err := c.Start(); mech != CramMD5 || ir != nil || err != nil {
		t.Fatal(mech, ir, err)
	}
	got, err := c.Next([]byte("<1896.697170952@postoffice.reston.mci.net>"))
	if err != nil || string(got) != "tim b913a602c7eda7a495b4e6e7334d3890" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := c.Next([]byte("x")); err == nil {
		t.Error("a second challenge is answered")
	}
}

// TestDigestMD5 is the IMAP example of RFC 2831 section 4.
func TestDigestMD5(t *testing.T) {
	c := newDigest(Params{User: "chris", Password: secret.New("secret"), Host: "elwood.innosoft.com"})
	c.cnonce = "OA6MHXh6VqTrRk"
	if _, _, err := c.Start(); err != nil {
		t.Fatal(err)
	}
	got, err := c.Next([]byte(`realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8`))
	if err != nil {
		t.Fatal(err)
	}
	d := parseDigest(string(got))
	for k, want := range map[string]string{
		"response": "d388dad90d4bbd760a152321f2143af7", "username": "chris", "realm": "elwood.innosoft.com",
		"nonce": "OA6MG9tEQGm2hh", "cnonce": "OA6MHXh6VqTrRk", "nc": "00000001", "qop": "auth",
		"digest-uri": "imap/elwood.innosoft.com", "charset": "utf-8",
	} {
		if d[k] != want {
			t.Errorf("%s is %q, want %q", k, d[k], want)
		}
	}
	if c.Verify() == nil {
		t.Error("verified before the server proved anything")
	}
	if out, err := c.Next([]byte("rspauth=ea40f60335c427b5527b84dbabcdfffd")); err != nil || out == nil || len(out) != 0 {
		t.Error(out, err)
	}
	if err := c.Verify(); err != nil {
		t.Error(err)
	}
}

func TestDigestMD5Refuses(t *testing.T) {
	for _, challenge := range []string{
		``, `realm="x"`, `nonce="a",qop="auth-conf"`, `nonce="a",algorithm=sha-256`, `nonce`, `="`, `nonce="unterminated\`,
	} {
		c := newDigest(Params{User: "u", Password: secret.New("canary")})
		_, _, _ = c.Start()
		out, err := c.Next([]byte(challenge))
		if (err == nil) != strings.HasPrefix(challenge, `nonce="unterminated`) {
			t.Errorf("%q: %q, %v", challenge, out, err)
		}
		if err == nil {
			if _, err = c.Next([]byte("rspauth=0")); err == nil {
				t.Error("a false proof is taken")
			}
		}
		if strings.Contains(fmt.Sprint(err), "canary") {
			t.Error("the error has the password")
		}
	}
}

// TestScram plays both mechanisms against the library's server, right and
// wrong.
func TestScram(t *testing.T) {
	for mech, hash := range map[string]scram.HashGeneratorFcn{ScramSHA1: scram.SHA1, ScramSHA256: scram.SHA256} {
		for _, password := range []string{"pencil", "wrong"} {
			stored, err := hash.NewClient("user", "pencil", "")
			if err != nil {
				t.Fatal(err)
			}
			creds, err := stored.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "abcdefgh", Iters: 4096})
			if err != nil {
				t.Fatal(err)
			}
			server, err := hash.NewServer(func(string) (scram.StoredCredentials, error) { return creds, nil })
			if err != nil {
				t.Fatal(err)
			}
			conv := server.NewConversation()
			c, err := New(strings.ToLower(mech), Params{User: "user", Password: secret.New(password)})
			if err != nil {
				t.Fatal(err)
			}
			name, out, err := c.Start()
			if err != nil || name != mech {
				t.Fatal(name, err)
			}
			var serverErr error
			for range 3 {
				var challenge string
				challenge, serverErr = conv.Step(string(out))
				if serverErr != nil || conv.Done() && challenge == "" {
					break
				}
				if out, err = c.Next([]byte(challenge)); err != nil {
					t.Fatal(err)
				}
				if conv.Done() {
					break
				}
			}
			verified := c.(Verifier).Verify() == nil
			if right := password == "pencil"; verified != right || (serverErr == nil) != right {
				t.Errorf("%s with password %q: verified %v, server says %v", mech, password, verified, serverErr)
			}
		}
	}
	// A server that lets everybody in proves nothing.
	c, _ := New(ScramSHA256, Params{User: "user", Password: secret.New("pencil")})
	_, _, _ = c.Start()
	if c.(Verifier).Verify() == nil {
		t.Error("verified without a proof")
	}
	if _, err := c.Next([]byte("r=bad")); err == nil {
		t.Error("a challenge with another nonce is answered")
	}
}

func TestLogin(t *testing.T) {
	c, _ := New("login", Params{User: "u", AuthUser: "admin", Password: secret.New("p")})
	if mech, ir, err := c.Start(); mech != Login || ir != nil || err != nil {
		t.Fatal(mech, ir, err)
	}
	user, _ := c.Next([]byte("Benutzername:"))
	pass, _ := c.Next([]byte("Kennwort:"))
	if string(user) != "admin" || string(pass) != "p" {
		t.Errorf("%s %s", user, pass)
	}
	if _, err := c.Next(nil); err == nil {
		t.Error("a third prompt is answered")
	}
}

func TestPlain(t *testing.T) {
	for _, tt := range []struct{ user, authUser, want string }{
		{"u", "", "\x00u\x00p"},
		{"u", "admin", "u\x00admin\x00p"},
	} {
		c, _ := New(Plain, Params{User: tt.user, AuthUser: tt.authUser, Password: secret.New("p")})
		_, ir, err := c.Start()
		if err != nil || string(ir) != tt.want {
			t.Errorf("%q, %v; want %q", ir, err, tt.want)
		}
	}
}

// TestOAuth: the messages, and the answer to an error challenge.
func TestOAuth(t *testing.T) {
	p := Params{User: "u,x@example.org", Token: secret.New("ya29.canary"), Host: "imap.example.org", Port: 993}
	for _, tt := range []struct {
		mech, want, answer string
	}{
		{XOAuth2, "user=u,x@example.org\x01auth=Bearer ya29.canary\x01\x01", ""},
		{OAuthBearer, "n,a=u=2Cx@example.org,\x01host=imap.example.org\x01port=993\x01auth=Bearer ya29.canary\x01\x01", "\x01"},
	} {
		c, err := New(tt.mech, p)
		if err != nil {
			t.Fatal(err)
		}
		_, ir, err := c.Start()
		if err != nil || string(ir) != tt.want {
			t.Errorf("%s: %q, %v", tt.mech, ir, err)
		}
		out, err := c.Next([]byte(`{"status":"401","token":"ya29.canary"}`))
		if err != nil || out == nil || string(out) != tt.answer {
			t.Errorf("%s: error challenge answered with %q, %v", tt.mech, out, err)
		}
		if r := c.(Explainer).Reason(); r != `{"status":"401","token":"MASKED"}` {
			t.Errorf("%s: reason %s", tt.mech, r)
		}
		none, _ := New(tt.mech, Params{User: "u"})
		if _, _, err := none.Start(); err == nil {
			t.Errorf("%s without a token", tt.mech)
		}
	}
	d := &Direct{Message: secret.New("user=u\x01auth=Bearer t\x01\x01")}
	if mech, ir, _ := d.Start(); mech != XOAuth2 || string(ir) != d.Message.Reveal() {
		t.Error(mech, ir)
	}
}

// ntlmChallenge builds a challenge as a server sends it that took over the
// client's flags: Unicode, NTLM, extended session security, target info.
func ntlmChallenge() []byte {
	wide := func(s string) (b []byte) {
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return b
	}
	name := wide("EXAMPLE")
	info := append([]byte{2, 0, byte(len(name)), 0}, name...)
	info = append(info, 0, 0, 0, 0)
	b := []byte("NTLMSSP\x00\x02\x00\x00\x00")
	field := func(n, at int) { b = append(b, byte(n), 0, byte(n), 0, byte(at), 0, 0, 0) }
	field(len(name), 56)
	b = append(b, 0x05, 0x82, 0x88, 0x00)
	b = append(b, "12345678"+"\x00\x00\x00\x00\x00\x00\x00\x00"...)
	field(len(info), 56+len(name))
	b = append(b, 6, 1, 0, 0, 0, 0, 0, 15)
	return append(append(b, name...), info...)
}

func TestNTLM(t *testing.T) {
	challenge := ntlmChallenge()
	c, _ := New(NTLM, Params{User: "user", Domain: "EXAMPLE", Password: secret.New("canary")})
	_, ir, err := c.Start()
	if err != nil || !strings.HasPrefix(string(ir), "NTLMSSP\x00\x01") {
		t.Fatalf("%q, %v", ir, err)
	}
	out, err := c.Next(challenge)
	if err == nil && !strings.HasPrefix(string(out), "NTLMSSP\x00\x03") {
		t.Errorf("%q", out)
	}
	if err != nil {
		t.Errorf("a challenge is not answered: %v", err)
	}
	for _, bad := range []string{"", "NTLMSSP", "x", "NTLMSSP\x00\x02\x00\x00\x00"} {
		c, _ := New(NTLM, Params{User: "user", Password: secret.New("canary")})
		_, _, _ = c.Start()
		if _, err := c.Next([]byte(bad)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("challenge %q: %v", bad, err)
		}
	}
}

func TestUnknown(t *testing.T) {
	if _, err := New("KERBEROS_V4", Params{}); err == nil || !strings.Contains(err.Error(), "SCRAM-SHA-256") {
		t.Error(err)
	}
	c, _ := New(External, Params{User: "u"})
	if mech, ir, _ := c.Start(); mech != External || string(ir) != "u" {
		t.Error(mech, ir)
	}
}

// FuzzChallenges feeds any challenge to every mechanism: no panic, no password
// in an error.
func FuzzChallenges(f *testing.F) {
	f.Add([]byte(`realm="a",nonce="b",qop="auth"`), []byte("rspauth=x"))
	f.Add([]byte("r=abc,s=c2FsdA==,i=4096"), []byte("v=x"))
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		p := Params{User: "user", Password: secret.New("canary"), Token: secret.New("canary"), Host: "h"}
		for _, mech := range []string{Plain, Login, CramMD5, DigestMD5, NTLM, External, XOAuth2, OAuthBearer} {
			c, err := New(mech, p)
			if err != nil {
				t.Fatal(err)
			}
			_, _, _ = c.Start()
			for _, challenge := range [][]byte{a, b} {
				if _, err := c.Next(challenge); err != nil && strings.Contains(err.Error(), "canary") && !strings.Contains(string(challenge), "canary") {
					t.Errorf("%s: %v", mech, err)
				}
			}
		}
	})
}
