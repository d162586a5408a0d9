// Package tokenserver is an OAuth 2.0 provider on loopback for tests: pages of
// consent, codes with PKCE, device codes, refresh tokens that rotate, service
// accounts, client credentials by secret and by assertion, revocation, and the
// introspection that Dovecot asks for. It gives errors on demand.
package tokenserver

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Server is a running provider. Its fields may be set before the first request.
type Server struct {
	URL string
	// ClientID and ClientSecret are those of the one client it knows.
	ClientID, ClientSecret string
	// Life is how long an access token lives.
	Life time.Duration
	// Scope is the only one it grants.
	Scope string
	// User is who logs in on its pages.
	User string
	// KeepRefresh gives no new refresh token with a renewal.
	KeepRefresh bool
	// NoDevice refuses device codes as Google does for mail.
	NoDevice bool
	// ServiceAccount and its key are those of assertions with a subject.
	ServiceAccount    string
	ServiceAccountKey *rsa.PublicKey
	// Certificate is that of client assertions.
	Certificate *x509.Certificate

	http *httptest.Server

	mu       sync.Mutex
	codes    map[string]grant   // authorization codes
	devices  map[string]*device // device codes
	refresh  map[string]grant
	access   map[string]access
	jtis     map[string]bool
	revoked  map[string]bool // users
	failures []Failure
	counts   map[string]int
	problems []string
}

// grant is what a code or a refresh token stands for.
type grant struct {
	user, challenge, redirect string
}

type device struct {
	userCode string
	approved bool
}

type access struct {
	user string
	ends time.Time
}

// Failure is an answer in place of a token.
type Failure struct {
	Status     int // 0 for 400
	Code, Text string
	// Hang closes the connection without an answer.
	Hang bool
}

// Start starts a provider on a free port of 127.0.0.1. Close it.
func Start() *Server {
	s := &Server{
		ClientID: "client-1", ClientSecret: "client-secret-" + rand.Text(), Life: time.Hour, Scope: "imap", User: "u1",
		codes: map[string]grant{}, devices: map[string]*device{}, refresh: map[string]grant{}, access: map[string]access{},
		jtis: map[string]bool{}, revoked: map[string]bool{}, counts: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /authorize", s.authorizePage)
	mux.HandleFunc("POST /authorize", s.authorized)
	mux.HandleFunc("GET /device", s.devicePage)
	mux.HandleFunc("POST /device", s.deviceApproved)
	mux.HandleFunc("POST /devicecode", s.deviceCode)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("POST /introspect", s.introspect)
	s.http = httptest.NewServer(mux)
	s.URL = s.http.URL
	return s
}

// Close ends the provider.
func (s *Server) Close() { s.http.Close() }

// TokenURL is the token endpoint.
func (s *Server) TokenURL() string { return s.URL + "/token" }

// RevokeURL is the revocation endpoint.
func (s *Server) RevokeURL() string { return s.URL + "/revoke" }

// IntrospectURL is where a resource server asks about a token.
func (s *Server) IntrospectURL() string { return s.URL + "/introspect" }

// Fail has the next requests for a token fail, one by one.
func (s *Server) Fail(f ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, f...)
}

// Issue gives tokens for a user as if he had logged in.
func (s *Server) Issue(user string) (accessToken, refreshToken string, ends time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	accessToken, ends = s.newAccess(user)
	refreshToken = "refresh-" + rand.Text()
	s.refresh[refreshToken] = grant{user: user}
	return accessToken, refreshToken, ends
}

// RevokeUser makes all tokens of a user worthless and gives no new ones.
func (s *Server) RevokeUser(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[user] = true
}

// ExpireAll ends all access tokens, not the refresh tokens.
func (s *Server) ExpireAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// Count is how often an endpoint or grant was asked for and answered well:
// "token", "refresh_token", "introspect active", ...
func (s *Server) Count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[what]
}

// Counts are all of them.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// Problems are requests that a strict provider would not like.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.problems...)
}

// newAccess makes a token. s.mu is held.
func (s *Server) newAccess(user string) (string, time.Time) {
	t, ends := "access-"+rand.Text()+rand.Text(), time.Now().Add(s.Life)
	s.access[t] = access{user, ends}
	return t, ends
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.TokenURL(),
		"device_authorization_endpoint": s.URL + "/devicecode", "revocation_endpoint": s.RevokeURL(),
	})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client sees a cut answer
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	reply(w, status, map[string]string{"error": code, "error_description": text})
}

// revoke is RFC 7009.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts["revoke"]++
	token := r.PostFormValue("token")
	if g, ok := s.refresh[token]; ok {
		delete(s.refresh, token)
		for t, a := range s.access {
			if a.user == g.user {
				delete(s.access, t)
			}
		}
	}
	delete(s.access, token)
	w.WriteHeader(http.StatusOK)
}

// introspect is RFC 7662.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.access[r.PostFormValue("token")]
	if !ok || time.Now().After(a.ends) || s.revoked[a.user] {
		s.counts["introspect inactive"]++
		reply(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	s.counts["introspect active"]++
	reply(w, http.StatusOK, map[string]any{"active": true, "username": a.user, "scope": s.Scope, "exp": a.ends.Unix()})
}

// Allow takes RevokeUser back: who logs in anew gets tokens.
func (s *Server) Allow(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.revoked, user)
}
