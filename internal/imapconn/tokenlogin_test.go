package imapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// series gives one token after the other, each time one was refused.
type series struct {
	tokens  []string
	refused []string
}

func (s *series) Token(context.Context) (secret.Secret, error) {
	if len(s.refused) >= len(s.tokens) {
		return secret.Secret{}, errors.New("no more")
	}
	return secret.New(s.tokens[len(s.refused)]), nil
}

func (s *series) Refuse(t secret.Secret) { s.refused = append(s.refused, t.Reveal()) }

func xoauth2(token string) string { return b64("user=u\x01auth=Bearer " + token + "\x01\x01") }

// A token that is refused is replaced by another one of its source, once and on
// the same connection; a refusal for other reasons is no word about the token.
func TestRefusedTokenIsReplaced(t *testing.T) {
	for _, tc := range []struct {
		name, first, second string
		tokens, refused     []string
		want                string // in the error, "" for none
	}{
		{"expired", "NO [AUTHENTICATIONFAILED] expired", "OK", []string{"old", "new"}, []string{"old"}, ""},
		{"outlook", "NO AUTHENTICATE failed.", "OK", []string{"old", "new"}, []string{"old"}, ""},
		{"both", "NO AUTHENTICATE failed.", "NO AUTHENTICATE failed.", []string{"old", "new", "third"}, []string{"old", "new"}, "AUTHENTICATE failed."},
		{"none left", "NO AUTHENTICATE failed.", "", []string{"old"}, []string{"old"}, "another token cannot be had: no more"},
		{"full", "NO [LIMIT] not now", "", []string{"old", "new"}, nil, "not now"},
		{"busy", "NO Too many connections", "", []string{"old", "new"}, nil, "Too many"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := &series{tokens: tc.tokens}
			cfg := dialogue(t, func(p *peer) {
				p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\n")
				p.want("T1 AUTHENTICATE XOAUTH2 " + xoauth2("old"))
				p.say("T1 " + tc.first + "\n")
				if tc.second != "" {
					p.want("T2 AUTHENTICATE XOAUTH2 " + xoauth2("new"))
					p.say("T2 " + tc.second + "\n")
				}
				if tc.want == "" {
					p.want("T3 CAPABILITY")
					p.say("* CAPABILITY IMAP4rev1 NAMESPACE\nT3 OK\n")
					p.want("T4 NAMESPACE")
					p.say("* NAMESPACE ((\"\" \"/\")) NIL NIL\nT4 OK\n")
				}
				p.ended()
			})
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Login(t.Context(), Credentials{User: "u", TokenSource: src})
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) || !slices.Equal(src.refused, tc.refused) {
				t.Errorf("%v; refused %v", err, src.refused)
			}
			_ = c.Close()
		})
	}
}

// OK is not enough: who is not let in at the next command was not logged in.
func TestAuthenticatedButNotConnected(t *testing.T) {
	for name, tc := range map[string]struct {
		greeting string
		cr       Credentials
		login    string
		reply    string
		command  string // of the refusal, "" for a login that counts
	}{
		"token":                     {"hi", Credentials{User: "u", Token: secret.New("tok")}, "T1 AUTHENTICATE XOAUTH2 " + xoauth2("tok"), "BAD User is authenticated but not connected.", "AUTHENTICATE"},
		"password at Exchange":      {"The Microsoft Exchange IMAP4 service is ready.", Credentials{User: "u", Password: secret.New("pwd")}, `T1 LOGIN "u" "pwd"`, "BAD User is authenticated but not connected.", "LOGIN"},
		"something else is refused": {"hi", Credentials{User: "u", Token: secret.New("tok")}, "T1 AUTHENTICATE XOAUTH2 " + xoauth2("tok"), "BAD Command Error. 12", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] " + tc.greeting + "\n")
				p.want(tc.login)
				p.say("T1 OK [CAPABILITY IMAP4rev1] in\n")
				p.want(`T2 LIST "" ""`)
				p.say("T2 " + tc.reply + "\n")
				p.ended()
			})
			var heard []Response
			cfg.OnStatus = func(r Response) { heard = append(heard, r) }
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Login(t.Context(), tc.cr)
			var r *Response
			if tc.command == "" && err != nil || tc.command != "" && (!errors.As(err, &r) || r.Command != tc.command || len(heard) != 1 || heard[0].Command != tc.command) {
				t.Errorf("%v; %v", err, heard)
			}
			_ = c.Close()
		})
	}
}

// A token that makes the line too long goes without SASL-IR, and so does one
// whose line the server cannot read.
func TestInitialResponse(t *testing.T) {
	long := strings.Repeat("x", 7000)
	for name, tc := range map[string]struct {
		token string
		bad   bool
		tag   string
	}{"short": {"tok", false, ""}, "long": {long, false, "T1"}, "BAD": {"tok", true, "T2"}} {
		t.Run(name, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\n")
				last := "T1"
				if tc.bad || tc.tag == "" {
					p.want("T1 AUTHENTICATE XOAUTH2 " + xoauth2(tc.token))
				}
				if tc.bad {
					p.say("T1 BAD Command Argument Error. 11\n")
				}
				if tc.tag != "" {
					last = tc.tag
					p.want(tc.tag + " AUTHENTICATE XOAUTH2")
					p.say("+ \n")
					p.want(xoauth2(tc.token))
				}
				p.say(last + " OK [CAPABILITY IMAP4rev1] in\n")
				p.line()
				p.say(fmt.Sprintf("T%c OK\n", last[1]+1))
				p.ended()
			})
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Login(t.Context(), Credentials{User: "u", Token: secret.New(tc.token)}); err != nil {
				t.Error(err)
			}
			_ = c.Close()
		})
	}
}

// A token goes to the hosts it is for, over TLS with a checked certificate, or to
// where the user said by name.
func TestTokenHosts(t *testing.T) {
	only := func(host string) bool { return host == "localhost" }
	for name, tc := range map[string]struct {
		hosts TokenHosts
		want  string
	}{
		"no bounds":     {TokenHosts{}, ""},
		"another host":  {TokenHosts{For: func(string) bool { return false }}, "another server"},
		"in the clear":  {TokenHosts{For: only}, "no TLS"},
		"trusted":       {TokenHosts{For: only, Trusted: []string{"LOCALHOST"}}, ""},
		"other trusted": {TokenHosts{For: only, Trusted: []string{"imap.example.org"}}, "no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p.say("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\n")
				if tc.want == "" {
					p.line()
					p.say("T1 OK [CAPABILITY IMAP4rev1] in\n")
					p.line()
					p.say("T2 OK\n")
				}
				p.ended() // and nothing came
			})
			c, err := Connect(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Login(t.Context(), Credentials{User: "u", TokenSource: steady{secret.New("tok")}, TokenHosts: tc.hosts})
			if (err == nil) != (tc.want == "") || err != nil && (!errors.Is(err, ErrTokenHost) || !strings.Contains(err.Error(), tc.want)) {
				t.Error(err)
			}
			_ = c.Close()
		})
	}
	for _, tc := range []struct {
		cfg  *tls.Config
		want bool
	}{
		{nil, false}, {&tls.Config{}, false}, {&tls.Config{InsecureSkipVerify: true}, true},
		{&tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { return nil }}, false}, // pinned
	} {
		if got := (&Conn{cfg: Config{TLSConfig: tc.cfg}}).unverified(); got != tc.want {
			t.Errorf("%+v: %v", tc.cfg, got)
		}
	}
}
