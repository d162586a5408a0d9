package imapconn

import (
	"errors"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// gated connects to a server that wants a login.
func gated(t *testing.T, caps string, f func(*peer)) *Conn {
	t.Helper()
	c, err := Connect(t.Context(), dialogue(t, func(p *peer) {
		p.say("* OK [CAPABILITY IMAP4rev1 " + caps + "] hi\n")
		f(p)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestLoginDisabledIsObeyed(t *testing.T) {
	for name, cr := range map[string]Credentials{
		"default":   {User: "u", Password: secret.New(canary)},
		"LOGIN":     {User: "u", Password: secret.New(canary), Mech: "LOGIN"},
		"PROXYAUTH": {User: "u", AuthUser: "admin", ProxyAuth: true, Password: secret.New(canary)},
	} {
		c := gated(t, "LOGINDISABLED", func(p *peer) { p.ended() })
		err := c.Login(t.Context(), cr)
		if !errors.Is(err, ErrLoginDisabled) || !strings.Contains(err.Error(), "--tls") || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
		_ = c.Close()
	}
}

func TestLoginDisabledTakesWhatIsOffered(t *testing.T) {
	for _, mech := range []string{"PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"} {
		c := gated(t, "LOGINDISABLED AUTH="+mech, func(p *peer) {
			p.want("T1 AUTHENTICATE " + mech)
			p.say("T1 NO not you\n")
			p.ended()
		})
		var r *Response
		if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New(canary), TryLogin: true}); !errors.As(err, &r) {
			t.Errorf("%s: %v", mech, err)
		}
		_ = c.Close()
	}
}

func TestTryLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		mech  string
		serve func(*peer)
		falls bool
	}{
		"tagged NO": {"CRAM-MD5", func(p *peer) { p.say("T1 NO no such mechanism\n") }, true},
		"NO after the response": {"CRAM-MD5", func(p *peer) {
			p.say("+ " + b64("<1@example.org>") + "\n")
			p.line()
			p.say("T1 NO wrong\n")
		}, true},
		"a challenge that does not hold": {"SCRAM-SHA-256", func(p *peer) {
			p.say("+ \n")
			p.line()
			p.say("+ " + b64("r=forged,s=YWJj,i=4096") + "\n")
			p.want("*")
			p.say("T1 BAD cancelled\n")
		}, false},
		"a cancelled challenge answered NO": {"SCRAM-SHA-1", func(p *peer) {
			p.say("+ \n")
			p.line()
			p.say("+ " + b64("nonsense") + "\n")
			p.want("*")
			p.say("T1 NO cancelled\n")
		}, false},
		"too many iterations": {"SCRAM-SHA-256", func(p *peer) {
			p.say("+ \n")
			p.line()
			p.say("+ " + b64("r=x,s=YWJj,i=2000000000") + "\n")
			p.want("*")
			p.say("T1 NO cancelled\n")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := gated(t, "AUTH="+tt.mech, func(p *peer) {
				p.want("T1 AUTHENTICATE " + tt.mech)
				tt.serve(p)
				if tt.falls {
					p.line()
					p.say("T2 OK [CAPABILITY IMAP4rev1] in\n")
				}
				p.ended()
			})
			err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New(canary), Mech: tt.mech, TryLogin: true})
			if (err == nil) != tt.falls {
				t.Errorf("got %v", err)
			}
			_ = c.Close()
		})
	}
}
