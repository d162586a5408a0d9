package plan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

func TestWriteJSON(t *testing.T) {
	const canary = "c4n4ry"
	sleep := 1500 * time.Millisecond
	p := Plan{
		Mode:   ModeSync,
		Host1:  Account{Host: "h.example.org", User: "a<b>", Password: secret.New(canary), PasswordFrom: "prompt", Timeout: 2 * time.Minute},
		Host2:  Account{Token: secret.New(canary), OAuthDirect: secret.New(canary)},
		Limits: Limits{MaxSleep: &sleep, ErrorsMax: 50},
	}
	var buf bytes.Buffer
	if err := p.WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	text := buf.String()
	if strings.Contains(text, canary) {
		t.Errorf("a secret is shown:\n%s", text)
	}
	if !strings.Contains(text, `"a<b>"`) {
		t.Error("angle brackets are escaped")
	}
	var got struct {
		Host1, Host2 map[string]any
		Limits       map[string]any
	}
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"timeout", got.Host1["Timeout"], "2m0s"},
		{"password", got.Host1["Password"], "MASKED"},
		{"absent token", got.Host1["Token"], nil},
		{"token", got.Host2["Token"], "MASKED"},
		{"absent password", got.Host2["Password"], nil},
		{"oauthdirect", got.Host2["OAuthDirect"], "MASKED"},
		{"host", got.Host1["Host"], "h.example.org"},
		{"maxsleep", got.Limits["MaxSleep"], "1.5s"},
		{"errorsmax", got.Limits["ErrorsMax"], 50.0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestGiven(t *testing.T) {
	for _, c := range []struct {
		a    Account
		want bool
	}{
		{Account{}, false},
		{Account{Host: "h"}, false},
		{Account{User: "u"}, false},
		{Account{Host: "h", User: "u"}, true},
	} {
		if got := c.a.Given(); got != c.want {
			t.Errorf("%+v: %v", c.a, got)
		}
	}
}
