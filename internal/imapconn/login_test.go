package imapconn

import (
	"context"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5's own
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

const canary = `c4n"ary\kanarie`

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// spied are the forms in which a secret must not appear anywhere.
func spied(secrets ...string) []string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, b64(s), strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`))
	}
	return forms
}

// TestLoginMechanisms logs in with every mechanism, and is refused with every
// mechanism by a server that quotes everything back; neither trace nor error
// nor report holds the secret.
func TestLoginMechanisms(t *testing.T) {
	digest := func(challenge string) string {
		mac := hmac.New(md5.New, []byte(canary))
		mac.Write([]byte(challenge))
		return hex.EncodeToString(mac.Sum(nil))
	}
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("\xef\xbb\xbf"+canary+"\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	password := secret.New(canary)
	xoauth := "user=u@example.org\x01auth=Bearer " + canary + "\x01\x01"
	for _, tt := range []struct {
		name  string
		cr    Credentials
		caps  string
		serve func(*peer) string // returns the tag to be answered
		used  string
	}{
		{name: "LOGIN", cr: Credentials{Password: password}, used: "LOGIN", serve: func(p *peer) string {
			p.want(`T1 LOGIN "u@example.org" "c4n\"ary\\kanarie"`)
			return "T1"
		}},
		{name: "LOGIN literal", cr: Credentials{Password: secret.New(canary + "é")}, used: "LOGIN", serve: func(p *peer) string {
			p.want(fmt.Sprintf(`T1 LOGIN "u@example.org" {%d}`, len(canary)+2))
			p.say("+ go\n")
			p.want(canary + "é")
			return "T1"
		}},
		{name: "LOGINDISABLED", cr: Credentials{Password: password}, caps: "LOGINDISABLED AUTH=PLAIN SASL-IR", used: "PLAIN", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE PLAIN " + b64("\x00u@example.org\x00"+canary))
			return "T1"
		}},
		{name: "PLAIN for another", cr: Credentials{Password: password, AuthUser: "admin"}, used: "PLAIN", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE PLAIN")
			p.say("+ \n")
			p.want(b64("u@example.org\x00admin\x00" + canary))
			return "T1"
		}},
		{name: "SASL LOGIN", cr: Credentials{Password: password, Mech: "sasl-login"}, used: "SASL-LOGIN", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE LOGIN")
			p.say("+ " + b64("Username:") + "\n")
			p.want(b64("u@example.org"))
			p.say("+ Ready\n")
			p.want(b64(canary))
			return "T1"
		}},
		{name: "CRAM-MD5", cr: Credentials{Password: password, Mech: "cram-md5"}, used: "CRAM-MD5", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE CRAM-MD5")
			p.say("+ " + b64("<1@example.org>") + "\n")
			p.want(b64("u@example.org " + digest("<1@example.org>")))
			return "T1"
		}},
		{name: "XOAUTH2", cr: Credentials{Token: password}, used: "XOAUTH2 accesstoken", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE XOAUTH2")
			p.say("+ \n")
			p.want(b64(xoauth))
			return "T1"
		}},
		{name: "XOAUTH2 from a file, SASL-IR", cr: Credentials{TokenFile: tokenFile}, caps: "SASL-IR", used: "XOAUTH2 accesstoken", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE XOAUTH2 " + b64(xoauth))
			return "T1"
		}},
		{name: "XOAUTH2 from a source", cr: Credentials{TokenSource: steady{password}}, caps: "SASL-IR", used: "XOAUTH2 accesstoken", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE XOAUTH2 " + b64(xoauth))
			return "T1"
		}},
		{name: "XOAUTH2 direct", cr: Credentials{OAuthDirect: secret.New(b64(xoauth))}, caps: "SASL-IR", used: "XOAUTH2 direct", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE XOAUTH2 " + b64(xoauth))
			return "T1"
		}},
		{name: "OAUTHBEARER", cr: Credentials{Token: password, Mech: "OAUTHBEARER"}, caps: "SASL-IR", used: "OAUTHBEARER", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE OAUTHBEARER " + b64("n,a=u@example.org,\x01host=localhost\x01port=143\x01auth=Bearer "+canary+"\x01\x01"))
			return "T1"
		}},
		{name: "EXTERNAL", cr: Credentials{Mech: "EXTERNAL"}, caps: "SASL-IR", used: "EXTERNAL", serve: func(p *peer) string {
			p.want("T1 AUTHENTICATE EXTERNAL " + b64("u@example.org"))
			return "T1"
		}},
		{name: "PROXYAUTH", cr: Credentials{Password: password, AuthUser: "admin", ProxyAuth: true}, used: "LOGIN + PROXYAUTH", serve: func(p *peer) string {
			p.want(`T1 LOGIN "admin" "c4n\"ary\\kanarie"`)
			p.say("T1 OK\n")
			p.want(`T2 PROXYAUTH "u@example.org"`)
			return "T2"
		}},
		{name: "X-MASTERAUTH", cr: Credentials{Password: password, Mech: "x-masterauth"}, used: "X-MASTERAUTH", serve: func(p *peer) string {
			p.want("T1 X-MASTERAUTH")
			p.say("+ <challenge>\n")
			sum := md5.Sum([]byte("<challenge>" + canary)) //nolint:gosec // Kerio's own
			p.want(hex.EncodeToString(sum[:]))
			p.say("T1 OK\n")
			p.want(`T2 X-SETUSER "u@example.org"`)
			return "T2"
		}},
	} {
		for _, good := range []bool{true, false} {
			secrets := []string{canary}
			switch {
			case strings.HasPrefix(tt.name, "XOAUTH2"):
				secrets = append(secrets, xoauth)
			case tt.name == "LOGIN literal":
				secrets = []string{canary + "é"}
			case tt.name == "EXTERNAL":
				secrets = nil
			}
			t.Run(fmt.Sprintf("%s %v", tt.name, good), func(t *testing.T) {
				var trace, reports strings.Builder
				cfg := dialogue(t, func(p *peer) {
					p.say("* OK [CAPABILITY IMAP4rev1 " + tt.caps + "] hi\n")
					tag := tt.serve(p)
					if !good {
						p.say("* OK [ALERT] " + strings.Join(spied(secrets...), " ") + "\n" + strings.Join(secrets, " ") + "\n")
						p.say(tag + " NO [AUTHENTICATIONFAILED] wrong: " + strings.Join(p.got, " ") + strings.Join(secrets, " ") + "\n")
						p.ended()
						return
					}
					p.say(tag + " OK [CAPABILITY IMAP4rev1 UIDPLUS] in\n")
					if strings.Contains(tt.used, "OAUTH") {
						p.want(`T2 LIST "" ""`) // is it true?
						p.say("T2 OK\n")
					}
					p.line()
					p.say("* BYE\n")
				})
				cfg.Trace, cfg.DebugContent = &trace, true
				cfg.OnNotice = func(r Response) { reports.WriteString(r.Line() + r.Text + r.Error()) }
				cfg.OnStatus = func(r Response) { reports.WriteString(r.Line() + r.Text + r.Error()) }
				cfg.OnSkipped = func(s string) { reports.WriteString(s) }
				c, err := Connect(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				tt.cr.User = "u@example.org"
				err = c.Login(t.Context(), tt.cr)
				var r *Response
				switch {
				case good && err != nil:
					t.Fatal(err)
				case good && (c.AuthMechanism() != tt.used || !c.Has(imap.CapUIDPlus)):
					t.Errorf("used %q, capabilities %v", c.AuthMechanism(), c.Caps())
				case !good && (!errors.As(err, &r) || r.Code != "AUTHENTICATIONFAILED" || c.Err() != nil):
					t.Errorf("%v, connection %v", err, c.Err())
				}
				everything := trace.String() + reports.String()
				if err != nil {
					everything += err.Error() + fmt.Sprintf("%+v %#v", err, err) + r.Line() + r.Text + r.CodeArgs
				}
				for _, s := range append(spied(secrets...), b64("\x00u@example.org\x00"+canary)) {
					if strings.Contains(everything, s) {
						t.Errorf("%q is told:\n%s", s, everything)
					}
				}
				if !strings.Contains(trace.String(), "MASKED") && tt.name != "EXTERNAL" {
					t.Errorf("the trace has no exchange:\n%s", trace.String())
				}
				if good {
					if err := c.Logout(t.Context()); err != nil {
						t.Error(err)
					}
				}
				_ = c.Close()
			})
		}
	}
}

// steady is a source of one token.
type steady struct{ secret.Secret }

func (s steady) Token(context.Context) (secret.Secret, error) { return s.Secret, nil }
func (steady) Refuse(secret.Secret)                           {}

// TestLoginReason: the server's JSON comes out, the exchange ends properly, and
// the connection can be used.
func TestLoginReason(t *testing.T) {
	cfg := dialogue(t, func(p *peer) {
		p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\n")
		p.line()
		p.say("+ " + b64(`{"status":"400","scope":"https://mail.example.org/"}`) + "\n")
		p.want("")
		p.say("T1 NO SASL authentication failed\n")
		p.want("T2 NOOP")
		p.say("T2 OK\n")
		p.ended()
	})
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Login(t.Context(), Credentials{User: "u", Token: secret.New(canary)})
	var a *AuthError
	var r *Response
	if !errors.As(err, &a) || !strings.Contains(a.Reason, `"status":"400"`) || !errors.As(err, &r) || r.Status != "NO" {
		t.Errorf("%v", err)
	}
	if err := c.Noop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

// TestLoginCancelled: a challenge we cannot answer is cancelled with *, and LOGIN
// is not tried after it.
func TestLoginCancelled(t *testing.T) {
	cfg := dialogue(t, func(p *peer) {
		p.say("* OK [CAPABILITY IMAP4rev1] hi\n")
		p.want("T1 AUTHENTICATE DIGEST-MD5")
		p.say("+ " + b64("realm=x") + "\n")
		p.want("*")
		p.say("T1 BAD cancelled\n")
		p.want("T2 NOOP")
		p.say("T2 OK\n")
		p.ended()
	})
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var a *AuthError
	if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New("pass"), Mech: "DIGEST-MD5", TryLogin: true}); !errors.As(err, &a) || !a.Ours {
		t.Error(err)
	}
	if err := c.Noop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

// TestCleartext: no password leaves over an open connection to another host.
func TestCleartext(t *testing.T) {
	for _, tt := range []struct {
		host  string
		allow bool
		ok    bool
	}{
		{"mail.example.org", false, false},
		{"192.0.2.1", false, false},
		{"mail.example.org", true, true},
		{"localhost", false, true},
		{"127.0.0.7", false, true},
		{"::1", false, true},
	} {
		cfg := dialogue(t, func(p *peer) {
			p.say("* OK [CAPABILITY IMAP4rev1] hi\n")
			if tt.ok {
				p.line()
				p.say("T1 OK [CAPABILITY IMAP4rev1] in\n")
			}
			p.ended()
		})
		cfg.Host, cfg.AllowCleartext, cfg.Side = tt.host, tt.allow, 2
		c, err := Connect(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Login(t.Context(), Credentials{User: "u", Password: secret.New("pass")})
		if tt.ok != (err == nil) || !tt.ok && (!errors.Is(err, ErrCleartext) || !strings.Contains(err.Error(), "--nossl2 --notls2")) {
			t.Errorf("%+v: %v", tt, err)
		}
		_ = c.Close()
	}
}

func TestPreauth(t *testing.T) {
	c := connect(t, "", func(p *peer) { p.ended() })
	if err := c.Login(t.Context(), Credentials{User: "u", Mech: "PREAUTH"}); err != nil || c.AuthMechanism() != "PREAUTH" {
		t.Error(err)
	}
	_ = c.Close()

	cfg := dialogue(t, func(p *peer) {
		p.say("* OK [CAPABILITY IMAP4rev1] hi\n")
		p.ended()
	})
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Login(t.Context(), Credentials{User: "u", Mech: "PREAUTH"}); err == nil {
		t.Error("PREAUTH without the greeting")
	}
	_ = c.Close()
}

// TestTraceContent: bodies only with DebugContent.
func TestTraceContent(t *testing.T) {
	for _, content := range []bool{false, true} {
		var trace strings.Builder
		c := connectWith(t, func(cfg *Config) { cfg.Trace, cfg.DebugContent, cfg.Side = &trace, content, 1 }, "LITERAL+", func(p *peer) {
			p.line()
			p.say("* 1 FETCH (UID 1 BODY[] {12}\nsecret words)\nT1 OK\n")
			p.line()
			p.line()
			p.say("T2 OK\n")
			p.ended()
		})
		ctx := t.Context()
		f := c.Fetch(FetchItems{Body: true})
		if err := f.Ask(ctx, imap.UIDSetNum(1)); err != nil {
			t.Fatal(err)
		}
		drainFetch(t, ctx, f)
		a, err := c.StartAppend(ctx, "INBOX", AppendOptions{Size: 13})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.ReadFrom(strings.NewReader("hidden things")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.WaitAppend(ctx, a); err != nil {
			t.Fatal(err)
		}
		s := trace.String()
		if strings.Contains(s, "secret words") != content || strings.Contains(s, "hidden things") != content {
			t.Errorf("content %v:\n%s", content, s)
		}
		for _, line := range []string{"host1 C: T1 UID FETCH 1 (UID BODY.PEEK[])", "host1 S: * 1 FETCH (UID 1 BODY[] {12}", "host1 C: T2 APPEND INBOX {13+}", "host1 |  (13 bytes)", "host1 S: T2 OK"} {
			if !strings.Contains(s, line+"\n") {
				t.Errorf("the trace lacks %q:\n%s", line, s)
			}
		}
		_ = c.Close()
	}
}
