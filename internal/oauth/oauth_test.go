package oauth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/imaphaul/imaphaul/internal/mailtest/tokenserver"
	"github.com/imaphaul/imaphaul/internal/secret"
)

func start(t *testing.T) *tokenserver.Server {
	t.Helper()
	s := tokenserver.Start()
	t.Cleanup(s.Close)
	return s
}

// login stores a login as Login would have.
func login(t *testing.T, s *tokenserver.Server, user string) (path string) {
	t.Helper()
	at, rt, ends := s.Issue(user)
	r := &Record{
		Version: recordVersion, Provider: s.URL, User: user, ClientID: s.ClientID, ClientSecret: s.ClientSecret,
		TokenURL: s.TokenURL(), RevokeURL: s.RevokeURL(), Scopes: []string{s.Scope}, Hosts: []string{"imap.example.org"},
		AccessToken: at, RefreshToken: rt, Expiry: ends, Obtained: time.Now(),
	}
	path = filepath.Join(t.TempDir(), "token.json")
	if err := r.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func token(t *testing.T, s Source) secret.Secret {
	t.Helper()
	got, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A token is used until it is to be renewed or was refused; what is refused is
// asked for once, however many connections refuse it.
func TestStoredRenews(t *testing.T) {
	s := start(t)
	path := login(t, s, "a@example.org")
	src, _, err := Stored(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := token(t, src)
	if again := token(t, src); again.Reveal() != first.Reveal() || s.Count("refresh_token") != 0 {
		t.Error("a good token is renewed")
	}
	src.Refuse(secret.New("another"))
	token(t, src)
	if s.Count("refresh_token") != 0 {
		t.Error("a token that is not ours any more was refused, and ours is renewed")
	}
	for range 3 {
		src.Refuse(first)
	}
	second := token(t, src)
	src.Refuse(first) // a slow connection
	if third := token(t, src); second.Reveal() == first.Reveal() || third.Reveal() != second.Reveal() || s.Count("refresh_token") != 1 {
		t.Errorf("%d renewals", s.Count("refresh_token"))
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
}

// Many processes share one login whose refresh tokens rotate: none uses one that
// is spent.
func TestStoredIsShared(t *testing.T) {
	s := start(t)
	s.Life = time.Second
	path := login(t, s, "a@example.org")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			src, _, err := Stored(path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				src.Refuse(tok)
			}
		})
	}
	wg.Wait()
	if p := s.Problems(); len(p) > 0 {
		t.Error(p)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*")); len(left) > 0 || err != nil {
		t.Error("left behind:", left, err)
	}
}

// A renewal that fails leaves the old token in use while that lives, and is said;
// afterwards it is an error with a remedy.
func TestStoredFails(t *testing.T) {
	s := start(t)
	path := login(t, s, "a@example.org")
	var notes []string
	src, _, err := Stored(path, func(n string) { notes = append(notes, n) })
	if err != nil {
		t.Fatal(err)
	}
	c := src.(*cache)
	c.pause = func(context.Context, int) error { return nil }
	first := token(t, src)
	now := time.Now().Add(57 * time.Minute)
	c.now = func() time.Time { return now }
	stale := func() {
		r, err := full(path)
		if err != nil {
			t.Fatal(err)
		}
		r.Obtained, r.Expiry = now.Add(-time.Hour), now
		if err := r.save(path); err != nil {
			t.Fatal(err)
		}
	}
	stale()
	s.Fail(tokenserver.Failure{Status: 503, Code: "temporarily_unavailable"})
	if got := token(t, src); got.Reveal() != first.Reveal() || len(notes) != 1 || !strings.Contains(notes[0], "old token is used") {
		t.Error(notes)
	}
	if token(t, src); s.Count("token") != 1 {
		t.Error("asked again at once")
	}
	// It has ended: what passes is tried again, what does not is told.
	now = now.Add(time.Hour)
	s.Fail(tokenserver.Failure{Status: 500}, tokenserver.Failure{Hang: true})
	if got := token(t, src); got.Reveal() == first.Reveal() || s.Count("token") != 4 {
		t.Error(s.Count("token"))
	}
	s.RevokeUser("a@example.org")
	now = now.Add(2 * time.Hour)
	stale()
	_, err = src.Token(t.Context())
	var e *Error
	if !errors.As(err, &e) || !e.Permanent() || e.Code != "invalid_grant" || !strings.Contains(e.Advice("1", "a@example.org"), "--user a@example.org") {
		t.Errorf("%#v", err)
	}
}

// No error quotes a secret that the answer quotes back, nor what is not text.
func TestErrorsShowNoSecret(t *testing.T) {
	s := start(t)
	path := login(t, s, "a@example.org")
	r, err := full(path)
	if err != nil {
		t.Fatal(err)
	}
	src, _, err := Stored(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	src.Refuse(token(t, src))
	s.Fail(tokenserver.Failure{Code: "invalid_grant" + r.RefreshToken, Text: "\x1b[31m\u202etoken " + r.RefreshToken + " of " + r.ClientSecret + "\n" + strings.Repeat("x", 5000)})
	_, err = src.Token(t.Context())
	text := err.Error()
	if strings.Contains(text, r.RefreshToken) || strings.Contains(text, r.ClientSecret) || strings.ContainsAny(text, "\x1b\n\u202e") || len(text) > 1500 {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func TestTokenFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"json":    {`{"access_token": "canary", `, 0o600, "no token file"},
		"empty":   {``, 0o600, "no token file"},
		"other":   {`{"version": 1, "access_token": "canary"}`, 0o600, "is missing"},
		"newer":   {`{"version": 99, "access_token": "canary"}`, 0o600, "newer"},
		"clear":   {`{"version": 1, "provider": "x", "user": "u", "client_id": "c", "token_url": "http://login.example.org/t", "access_token": "canary"}`, 0o600, "https://"},
		"open":    {`{}`, 0o640, "chmod 600"},
		"too big": {strings.Repeat(" ", maxRecord+1), 0o600, "larger"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(tc.text), tc.mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := Stored(path, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A stored login is found by user and host, and by nothing else.
func TestFind(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	s := start(t)
	from := login(t, s, "Alice@example.org")
	r, err := Load(from)
	if err != nil {
		t.Fatal(err)
	}
	r.Hosts = append(r.Hosts, "*.mail.example.org")
	path, err := DefaultFile(r.Provider, r.User)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		user, host string
		found      bool
	}{
		{"alice@example.org", "IMAP.example.org", true}, {"alice@example.org", "a.mail.example.org.", true},
		{"alice@example.org", "mail.example.org", false}, {"alice@example.org", "imap.example.org.evil.example", false},
		{"bob@example.org", "imap.example.org", false}, {"", "imap.example.org", false},
	} {
		if got := Find(tc.user, tc.host); (got == path) != tc.found {
			t.Errorf("%s at %s: %q", tc.user, tc.host, got)
		}
	}
	if list, err := List(); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	if err := Delete(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if list, err := List(); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

// Names of files do not collide, and lead nowhere else.
func TestRecordName(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range [][2]string{{"google", "a@b"}, {"google", "a/../b"}, {"https://x.example/y", "a"}, {"x", "../../etc/passwd"}, {"x", ".hidden"}, {"x", "a\\b"}, {"x", "ä"}, {"x", "a%2Fb"}, {"x", "a/b"}} {
		n := recordName(p[0], p[1])
		if seen[n] || strings.ContainsAny(n, "/\\:") || strings.HasPrefix(n, ".") {
			t.Errorf("%q: %q", p, n)
		}
		seen[n] = true
	}
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "app"}, NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{SerialNumber: big.NewInt(7)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Both kinds of keys of a service account give an assertion that the endpoint
// checks with the public key; the mailbox is its subject.
func TestServiceAccount(t *testing.T) {
	s := start(t)
	key := rsaKey(t)
	s.ServiceAccount, s.ServiceAccountKey = "robot@project.example.org", key.Public().(*rsa.PublicKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": s.ServiceAccount, "private_key_id": "k1", "token_uri": s.TokenURL(),
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	})
	if err != nil {
		t.Fatal(err)
	}
	p12, err := pkcs12.Modern.Encode(key, certificate(t, key), nil, "notasecret")
	if err != nil {
		t.Fatal(err)
	}
	jsonFile, p12File := write(t, "key.json", b), write(t, "key.p12", p12)
	asJSON, err := ServiceAccount(jsonFile, "u7@example.org", "", s.Scope)
	if err != nil {
		t.Fatal(err)
	}
	asP12, err := ServiceAccountP12(s.ServiceAccount, p12File, secret.New("notasecret"), "u7@example.org", s.TokenURL(), s.Scope)
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []Source{asJSON, asP12} {
		token(t, src)
	}
	if n := s.Count("urn:ietf:params:oauth:grant-type:jwt-bearer"); n != 2 {
		t.Errorf("%d assertions taken", n)
	}
	// A scope that the domain did not delegate.
	src, err := ServiceAccount(jsonFile, "u7@example.org", "", "another")
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.Token(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.Code != "unauthorized_client" || !strings.Contains(e.Advice("1", ""), "Domain-wide delegation") {
		t.Errorf("%#v", err)
	}
	for name, make := range map[string]func() error{
		"no key file":    func() error { _, err := ServiceAccount(write(t, "x.json", []byte("{}")), "u", "", ""); return err },
		"wrong password": func() error { _, err := ServiceAccountP12("i", p12File, secret.New("x"), "u", "", ""); return err },
		"no p12":         func() error { _, err := ServiceAccountP12("i", jsonFile, secret.New("x"), "u", "", ""); return err },
		"absent":         func() error { _, err := ServiceAccount("/no/such", "u", "", ""); return err },
		"clear":          func() error { _, err := ServiceAccount(jsonFile, "u", "http://example.org/t", ""); return err },
	} {
		if err := make(); err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An application proves itself by its secret, or by an assertion that is new for
// each token.
func TestApp(t *testing.T) {
	s := start(t)
	key := rsaKey(t)
	s.Certificate = certificate(t, key)
	certFile := write(t, "cert.pem", append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...))
	secretFile := write(t, "secret", []byte(s.ClientSecret+"\n"))
	for name, o := range map[string]AppOptions{
		"secret":      {SecretFile: secretFile},
		"certificate": {CertFile: certFile},
	} {
		o.ClientID, o.TokenURL, o.Scope = s.ClientID, s.TokenURL(), s.Scope
		src, err := App(o, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		first := token(t, src)
		src.Refuse(first)
		if second := token(t, src); second.Reveal() == first.Reveal() {
			t.Error(name, "gives the same token again")
		}
	}
	if n := s.Count("client_credentials"); n != 4 {
		t.Errorf("%d tokens", n)
	}
	wrong := write(t, "wrong", []byte("canary\n"))
	src, err := App(AppOptions{ClientID: s.ClientID, TokenURL: s.TokenURL(), Scope: s.Scope, SecretFile: wrong}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.Token(t.Context())
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Cause, "AADSTS7000215") || !strings.Contains(e.Advice("2", ""), "--mssecretfile2") {
		t.Errorf("%#v", err)
	}
	if _, err := App(AppOptions{ClientID: "c", Tenant: "example.org", SecretFile: wrong}, nil); err != nil {
		t.Error("a tenant alone is not enough:", err)
	}
}

// The file counts as old after 50 minutes or what it says itself; the command
// runs then, and after a refusal, and its output goes nowhere.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path, runs := filepath.Join(dir, "token"), filepath.Join(dir, "runs")
	command := `echo canary; echo canary >&2; echo x >> '` + runs + `'; echo "new-$(wc -l < '` + runs + `' | tr -d ' ')" > '` + path + `'`
	ran := func() int {
		b, _ := os.ReadFile(runs)
		return strings.Count(string(b), "x")
	}
	put := func(text string, age time.Duration) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	src := File(path, command)
	for _, tc := range []struct {
		text string
		age  time.Duration
		want string
		runs int
	}{
		{"old\nsecond line\n", 49 * time.Minute, "old", 0},
		{"old\n", 51 * time.Minute, "new-1", 1},
		{`{"access_token": "object", "expires_in": 600}`, 8 * time.Minute, "object", 1},
		{`{"access_token": "object", "expires_in": 600}`, 9 * time.Minute, "new-2", 2},
		{"\xef\xbb\xbflong\r\nexpires_in=86400\n", 5 * time.Hour, "long", 2},
	} {
		put(tc.text, tc.age)
		if got := token(t, src); got.Reveal() != tc.want || ran() != tc.runs {
			t.Errorf("%q, %v old: %q after %d runs", tc.text, tc.age, got.Reveal(), ran())
		}
	}
	src.Refuse(secret.New("long"))
	if got := token(t, src); got.Reveal() != "new-3" {
		t.Errorf("after a refusal: %q", got.Reveal())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := token(t, src); got.Reveal() != "new-4" {
		t.Errorf("without a file: %q", got.Reveal())
	}
	failing := File(path, "echo canary >&2; exit 3")
	put("new-5\n", time.Hour)
	if got := token(t, failing); got.Reveal() != "new-5" {
		t.Error("a token that may be good is not tried")
	}
	failing.Refuse(secret.New("new-5"))
	if _, err := failing.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 3") || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	for _, text := range []string{"", "\n", "{", `{"token": "canary"}`} {
		put(text, 0)
		if _, err := File(path, "").Token(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFresh(t *testing.T) {
	got := time.Now()
	for _, tc := range []struct {
		life, age time.Duration
		want      bool
	}{
		{time.Hour, 54 * time.Minute, true}, {time.Hour, 56 * time.Minute, false},
		{3 * time.Second, 2 * time.Second, true}, {3 * time.Second, 2500 * time.Millisecond, false}, {3 * time.Second, 5 * time.Second, false},
	} {
		if fresh(got.Add(tc.life), got, got.Add(tc.age)) != tc.want {
			t.Errorf("%+v", tc)
		}
	}
	if !fresh(time.Time{}, got, got.Add(1000*time.Hour)) {
		t.Error("a token that never ends")
	}
}

func TestMissingScope(t *testing.T) {
	for _, tc := range []struct{ granted, wanted, want string }{
		{"", GoogleScope, ""},
		{GoogleScope, GoogleScope, ""},
		{"openid email", GoogleScope, GoogleScope},
		{"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/User.Read", MicrosoftScope, ""},
		{"IMAP.AccessAsUser.All", MicrosoftScope, ""},
		{"https://outlook.office.com/User.Read", MicrosoftScope, "https://outlook.office.com/imap.accessasuser.all"},
	} {
		tok := (&oauth2.Token{}).WithExtra(map[string]any{"scope": tc.granted})
		if got := missingScope(tok, strings.Fields(tc.wanted)); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
}
