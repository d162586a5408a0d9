package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/imaphaul/imaphaul/internal/mailtest/tokenserver"
	"github.com/imaphaul/imaphaul/internal/secret"
)

var hiddenField = regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`)

// browser answers the page of consent as a user would.
func browser(t *testing.T, answer string) func(string) error {
	return func(page string) error {
		go func() {
			form := url.Values{"answer": {answer}}
			for _, m := range hiddenField.FindAllStringSubmatch(get(t, page), -1) {
				if m[1] == "answer" {
					continue // a button
				}
				form.Set(m[1], strings.ReplaceAll(m[2], "&#43;", "+"))
			}
			resp, err := http.PostForm(page, form)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			if want := map[string]string{"allow": "You are logged in", "deny": "did not work"}[answer]; !strings.Contains(string(b), want) {
				t.Errorf("the last page says %s", b)
			}
		}()
		return nil
	}
}

func get(t *testing.T, page string) string {
	resp, err := http.Get(page)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

func options(t *testing.T, s *tokenserver.Server) LoginOptions {
	t.Helper()
	p, err := Discover(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.Scopes, p.Hosts = []string{s.Scope}, []string{"imap.example.org"}
	return LoginOptions{
		Provider: p, Client: Client{s.ClientID, secret.New(s.ClientSecret)}, User: "a+b@example.org",
		Say: func(string, ...any) {},
	}
}

func TestLoginByRedirect(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		s := start(t)
		o := options(t, s)
		o.Provider.RedirectHost = host
		o.Open = browser(t, "allow")
		r, err := Login(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.User != "a+b@example.org" || r.RefreshToken == "" || r.AccessToken == "" || r.Expiry.IsZero() {
			t.Errorf("%s, %v", r.User, r.Expiry)
		}
		path := filepath.Join(t.TempDir(), "d", "token.json")
		if err := r.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		src, _, err := Stored(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		src.Refuse(token(t, src))
		token(t, src)
		if told, err := Revoke(t.Context(), path); !told || err != nil {
			t.Error(told, err)
		}
		again, _, _ := Stored(path, nil)
		again.Refuse(token(t, again))
		if _, err := again.Token(t.Context()); err == nil {
			t.Error("a revoked login is renewed")
		}
	}
}

func TestLoginRefused(t *testing.T) {
	s := start(t)
	o := options(t, s)
	o.Open = browser(t, "deny")
	if _, err := Login(t.Context(), o); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Open = func(string) error { cancel(); return nil }
	if _, err := Login(ctx, o); err == nil {
		t.Error("cancelled, and logged in")
	}
}

// Only the answer to our own question counts, sent to our own name.
func TestRedirectIsOurs(t *testing.T) {
	b := &backSide{state: "right", host: "127.0.0.1", port: 7777, came: make(chan answer, 1)}
	ask := func(method, host, target string) int {
		r := httptest.NewRequest(method, target, nil)
		r.Host = host
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s: %s", target, w.Body)
		}
		return w.Code
	}
	const host = "127.0.0.1:7777"
	for _, tc := range []struct {
		method, host, target string
	}{
		{"GET", host, "/?code=x"}, {"GET", host, "/?code=x&state=wrong"}, {"GET", host, "/favicon.ico?state=right&code=x"},
		{"POST", host, "/?state=right&code=x"}, {"GET", "evil.example:7777", "/?state=right&code=x"},
	} {
		if code := ask(tc.method, tc.host, tc.target); code == 200 || len(b.came) != 0 {
			t.Errorf("%+v: %d", tc, code)
		}
	}
	if code := ask("GET", host, "/?state=right&error=<script>&error_description=<script>alert(1)</script>"); code != 200 {
		t.Error(code)
	}
	if a := <-b.came; a.err == nil {
		t.Error("an error is no error")
	}
	ask("GET", host, "/?state=right&code=one")
	ask("GET", host, "/?state=right&code=two") // must not block
	if a := <-b.came; a.code != "one" {
		t.Error(a)
	}
}

func TestLoginByDevice(t *testing.T) {
	s := start(t)
	o := options(t, s)
	o.Device = true
	code := regexp.MustCompile(`enter the code (\w+)`)
	o.Say = func(format string, args ...any) {
		if m := code.FindStringSubmatch(fmt.Sprintf(format, args...)); m != nil && !s.Approve(m[1]) {
			t.Error("unknown code", m[1])
		}
	}
	r, err := Login(t.Context(), o)
	if err != nil || r.RefreshToken == "" {
		t.Fatal(err)
	}
	// Google refuses it for mail, whether we know that before or hear it.
	s.NoDevice = true
	if _, err := Login(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no device code") {
		t.Error(err)
	}
	o.Provider = GoogleProvider()
	if _, err := Login(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--redirectport") {
		t.Error(err)
	}
}

func TestDiscoverRefuses(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "https://login.example.org", "token_endpoint": "https://login.example.org/t"})
	}))
	defer other.Close()
	moved := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer moved.Close()
	for _, u := range []string{other.URL, moved.URL, "http://login.example.org", "ftp://x", "https://user:pass@login.example.org", ""} {
		if _, err := Discover(t.Context(), u); err == nil {
			t.Errorf("%s is taken", u)
		}
	}
}

// The tokens are in the keyring alone; without a keyring it is an error, and no
// file is written in its place.
func TestKeyring(t *testing.T) {
	keyring.MockInit()
	s := start(t)
	o := options(t, s)
	o.Keyring, o.Open = true, browser(t, "allow")
	r, err := Login(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "token.json")
	if err := r.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	src, _, err := Stored(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	src.Refuse(token(t, src))
	token(t, src)
	b, err := os.ReadFile(path)
	for _, hidden := range []string{r.AccessToken, r.RefreshToken, s.ClientSecret, "access-", "refresh-"} {
		if err != nil || strings.Contains(string(b), hidden) {
			t.Errorf("the file holds %q: %v", hidden, err)
		}
	}
	keyring.MockInitWithError(fmt.Errorf("no bus"))
	if _, err := src.(*cache).fetch(withClient(t.Context()), secret.New("x")); err == nil || !strings.Contains(err.Error(), "keyring") {
		t.Error(err)
	}
	other := filepath.Join(t.TempDir(), "token.json")
	if err := r.Save(t.Context(), other); err == nil || !strings.Contains(err.Error(), "without --keyring") {
		t.Error(err)
	}
	if _, err := os.Stat(other); !os.IsNotExist(err) {
		t.Error("a file was written in place of the keyring")
	}
}

func TestFindClient(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	none := func(string) string { return "" }
	if _, err := FindClient(Google, "", "", none); err == nil || !strings.Contains(err.Error(), "--setup") {
		t.Error(err)
	}
	env := func(k string) string {
		return map[string]string{"IMAPHAUL_GOOGLE_CLIENT": "env-id", "IMAPHAUL_GOOGLE_CLIENT_SECRET": "env-secret"}[k]
	}
	installed := write(t, "client.json", []byte(`{"installed": {"client_id": "file-id", "client_secret": "file-secret", "redirect_uris": ["http://localhost"], "auth_uri": "https://a.example", "token_uri": "https://t.example"}}`))
	file, err := ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(`{"microsoft": {"client_id": "conf-id"}, "google": {"client_id": "conf-google", "client_secret": "s"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		provider, id, id2 string
		getenv            func(string) string
		secret            string
	}{
		{Google, "opt-id", "opt-id", env, ""}, {Google, "", "env-id", env, "env-secret"},
		{Google, installed, "file-id", env, "file-secret"}, {Google, "", "conf-google", none, "s"}, {Microsoft, "", "conf-id", none, ""},
	} {
		c, err := FindClient(tc.provider, tc.id, "", tc.getenv)
		if err != nil || c.ID != tc.id2 || c.Secret.Reveal() != tc.secret {
			t.Errorf("%+v: %s, %v", tc, c.ID, err)
		}
	}
	if _, err := FindClient(Google, write(t, "x.json", []byte("{}")), "", none); err == nil {
		t.Error("a file without an id is taken")
	}
}

// Every provider's steps name its console, and end with a command that exists.
func TestSetup(t *testing.T) {
	for name, want := range map[string]string{Google: "console.cloud.google.com", Microsoft: "entra.microsoft.com", "https://x": "--oauthtokenurl"} {
		if text := Setup(name); !strings.Contains(text, want) || !strings.Contains(text, "imaphaul login") {
			t.Error(name)
		}
	}
}
