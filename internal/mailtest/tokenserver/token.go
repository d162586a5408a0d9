package tokenserver

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts["token"]++
	if len(s.failures) > 0 {
		f := s.failures[0]
		s.failures = s.failures[1:]
		if f.Hang {
			panic(http.ErrAbortHandler)
		}
		if f.Status == 0 {
			f.Status = http.StatusBadRequest
		}
		refuse(w, f.Status, f.Code, f.Text)
		return
	}
	grantType := r.PostFormValue("grant_type")
	var user, refreshToken, code, text string
	switch grantType {
	case "authorization_code":
		user, refreshToken, code, text = s.byCode(r)
	case "refresh_token":
		user, refreshToken, code, text = s.byRefresh(r)
	case "urn:ietf:params:oauth:grant-type:device_code":
		user, refreshToken, code, text = s.byDevice(r)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		user, code, text = s.byServiceAccount(r)
	case "client_credentials":
		user, code, text = s.byClient(r)
	default:
		code = "unsupported_grant_type"
	}
	if code == "" && s.revoked[user] {
		code, text = "invalid_grant", "Token has been expired or revoked."
	}
	if code != "" {
		refuse(w, http.StatusBadRequest, code, text)
		return
	}
	s.counts[grantType]++
	t, _ := s.newAccess(user)
	out := map[string]any{"access_token": t, "token_type": "Bearer", "expires_in": max(int(s.Life/time.Second), 1), "scope": s.Scope}
	if refreshToken != "" {
		out["refresh_token"] = refreshToken
	}
	reply(w, http.StatusOK, out)
}

func (s *Server) newRefresh(user string) string {
	t := "refresh-" + rand.Text()
	s.refresh[t] = grant{user: user}
	return t
}

// client checks who asks. The secret is optional where PKCE proves enough.
func (s *Server) client(r *http.Request) (code, text string) {
	if r.PostFormValue("client_id") != s.ClientID {
		return "invalid_client", "unknown client"
	}
	if given := r.PostFormValue("client_secret"); given != "" && given != s.ClientSecret {
		return "invalid_client", "AADSTS7000215: Invalid client secret provided."
	}
	return "", ""
}

func (s *Server) byCode(r *http.Request) (user, refreshToken, code, text string) {
	if code, text = s.client(r); code != "" {
		return "", "", code, text
	}
	given := r.PostFormValue("code")
	g, ok := s.codes[given]
	delete(s.codes, given)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !ok:
		return "", "", "invalid_grant", "unknown code"
	case g.redirect != r.PostFormValue("redirect_uri"):
		return "", "", "invalid_grant", "another redirect_uri"
	case g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		return "", "", "invalid_grant", "the verifier does not fit the challenge"
	}
	return g.user, s.newRefresh(g.user), "", ""
}

func (s *Server) byRefresh(r *http.Request) (user, refreshToken, code, text string) {
	if code, text = s.client(r); code != "" {
		return "", "", code, text
	}
	given := r.PostFormValue("refresh_token")
	g, ok := s.refresh[given]
	if !ok {
		s.problems = append(s.problems, "a refresh token is used that is not valid (any more)")
		return "", "", "invalid_grant", "Token has been expired or revoked."
	}
	if s.KeepRefresh || s.revoked[g.user] {
		return g.user, "", "", ""
	}
	delete(s.refresh, given)
	return g.user, s.newRefresh(g.user), "", ""
}

// jwt checks the signature of a token and gives header and claims.
func jwt(text string, key *rsa.PublicKey) (header, claims map[string]any, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || key == nil {
		return nil, nil, errors.New("no JWT, or no key to check it")
	}
	var raw [3][]byte
	for i := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[i], "=")); err != nil {
			return nil, nil, err
		}
	}
	if err := errors.Join(json.Unmarshal(raw[0], &header), json.Unmarshal(raw[1], &claims)); err != nil {
		return nil, nil, err
	}
	if header["alg"] != "RS256" {
		return nil, nil, fmt.Errorf("alg %v", header["alg"])
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return header, claims, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw[2])
}

// timely checks iat or nbf, and exp.
func timely(claims map[string]any, most time.Duration) error {
	now := time.Now()
	exp, _ := claims["exp"].(float64)
	iat, _ := claims["iat"].(float64)
	if ends := time.Unix(int64(exp), 0); now.After(ends) || time.Unix(int64(iat), 0).After(now.Add(time.Minute)) || ends.After(now.Add(most)) {
		return fmt.Errorf("iat %v, exp %v", iat, exp)
	}
	return nil
}

func (s *Server) byServiceAccount(r *http.Request) (user, code, text string) {
	_, claims, err := jwt(r.PostFormValue("assertion"), s.ServiceAccountKey)
	if err == nil {
		err = timely(claims, time.Hour+time.Minute)
	}
	switch {
	case err != nil:
		return "", "invalid_grant", "Invalid JWT: " + err.Error()
	case claims["iss"] != s.ServiceAccount, claims["aud"] != s.TokenURL():
		return "", "invalid_grant", fmt.Sprintf("iss %v, aud %v", claims["iss"], claims["aud"])
	case claims["scope"] != s.Scope:
		return "", "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."
	}
	user, _ = claims["sub"].(string)
	if user == "" {
		return "", "invalid_grant", "no sub"
	}
	return user, "", ""
}

// byClient gives a token for the application; its user is Server.User, since
// Dovecot's introspection wants a mailbox.
func (s *Server) byClient(r *http.Request) (user, code, text string) {
	if r.PostFormValue("client_id") != s.ClientID {
		return "", "unauthorized_client", "AADSTS700016: Application with identifier was not found in the directory"
	}
	if r.PostFormValue("scope") != s.Scope {
		return "", "invalid_scope", "unknown scope"
	}
	if assertion := r.PostFormValue("client_assertion"); assertion != "" {
		return s.byAssertion(r, assertion)
	}
	if r.PostFormValue("client_secret") != s.ClientSecret {
		return "", "invalid_client", "AADSTS7000215: Invalid client secret provided."
	}
	return s.User, "", ""
}

func (s *Server) byAssertion(r *http.Request, assertion string) (user, code, text string) {
	if s.Certificate == nil || r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return "", "invalid_client", "no certificate, or another client_assertion_type"
	}
	key, _ := s.Certificate.PublicKey.(*rsa.PublicKey)
	header, claims, err := jwt(assertion, key)
	if err == nil {
		err = timely(claims, 10*time.Minute)
	}
	thumb := sha1.Sum(s.Certificate.Raw) //nolint:gosec // see above
	id, _ := claims["jti"].(string)
	switch {
	case err != nil:
		return "", "invalid_client", "AADSTS700027: " + err.Error()
	case header["x5t"] != base64.RawURLEncoding.EncodeToString(thumb[:]):
		return "", "invalid_client", "another x5t"
	case claims["iss"] != s.ClientID, claims["sub"] != s.ClientID, claims["aud"] != s.TokenURL():
		return "", "invalid_client", "iss, sub or aud"
	case id == "" || s.jtis[id]:
		return "", "invalid_client", "the assertion was used before"
	}
	s.jtis[id] = true
	return s.User, "", ""
}
