package tokenserver

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
)

var consentPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Test provider</title></head>
<body style="font:18px sans-serif;max-width:32em;margin:3em auto">
<h1>Allow access to your mail?</h1>
<p>You are logged in as <b>{{.User}}</b>. The application asks for the permission <b>{{.Scope}}</b>.</p>
<form method="post">
{{range $k, $v := .Hidden}}<input type="hidden" name="{{$k}}" value="{{$v}}">{{end}}
<button id="allow" name="answer" value="allow">Allow</button>
<button id="deny" name="answer" value="deny">Cancel</button>
</form></body></html>
`))

type consent struct {
	User, Scope string
	Hidden      map[string]string
}

// authorizePage is the page of consent.
func (s *Server) authorizePage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	ip := net.ParseIP("")
	if err == nil {
		ip = net.ParseIP(back.Hostname())
	}
	switch {
	case err != nil || back.Scheme != "http" || back.Hostname() != "localhost" && !ip.IsLoopback():
		http.Error(w, "redirect_uri is not on loopback", http.StatusBadRequest)
		return
	case q.Get("client_id") != s.ClientID, q.Get("response_type") != "code", q.Get("state") == "",
		q.Get("code_challenge") == "", q.Get("code_challenge_method") != "S256":
		http.Error(w, "client_id, response_type, state or PKCE", http.StatusBadRequest)
		return
	}
	user := q.Get("login_hint")
	if user == "" {
		user = s.User
	}
	hidden := map[string]string{"login_hint": user}
	for _, k := range []string{"redirect_uri", "state", "code_challenge", "scope"} {
		hidden[k] = q.Get(k)
	}
	_ = consentPage.Execute(w, consent{user, q.Get("scope"), hidden})
}

// authorized answers the page.
func (s *Server) authorized(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	back, err := url.Parse(r.PostFormValue("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	q := url.Values{"state": {r.PostFormValue("state")}}
	switch {
	case r.PostFormValue("answer") != "allow":
		q.Set("error", "access_denied")
		q.Set("error_description", "The user said no.")
	case r.PostFormValue("scope") != s.Scope:
		q.Set("error", "invalid_scope")
	default:
		code := "code-" + rand.Text()
		s.codes[code] = grant{user: r.PostFormValue("login_hint"), challenge: r.PostFormValue("code_challenge"), redirect: r.PostFormValue("redirect_uri")}
		q.Set("code", code)
	}
	back.RawQuery = q.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// deviceCode begins a login with a device code (RFC 8628).
func (s *Server) deviceCode(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code, text := s.client(r); code != "" {
		refuse(w, http.StatusBadRequest, code, text)
		return
	}
	if s.NoDevice || r.PostFormValue("scope") != s.Scope {
		refuse(w, http.StatusBadRequest, "invalid_scope", "Invalid device flow scope: "+r.PostFormValue("scope"))
		return
	}
	d := &device{userCode: rand.Text()[:8]}
	code := "device-" + rand.Text()
	s.devices[code] = d
	reply(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": s.URL + "/device", "expires_in": 600, "interval": 1,
	})
}

func (s *Server) devicePage(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>Test provider</title><form method="post"><input id="code" name="code"><button id="allow">Allow</button></form>`)
}

func (s *Server) deviceApproved(w http.ResponseWriter, r *http.Request) {
	if !s.Approve(r.PostFormValue("code")) {
		http.Error(w, "unknown code", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>Test provider</title><h1>Done</h1>")
}

// Approve allows the login of a device code that the user was shown.
func (s *Server) Approve(userCode string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.userCode == userCode {
			d.approved = true
			return true
		}
	}
	return false
}

func (s *Server) byDevice(r *http.Request) (user, refreshToken, code, text string) {
	d, ok := s.devices[r.PostFormValue("device_code")]
	switch {
	case !ok:
		return "", "", "expired_token", ""
	case !d.approved:
		return "", "", "authorization_pending", ""
	}
	delete(s.devices, r.PostFormValue("device_code"))
	return s.User, s.newRefresh(s.User), "", ""
}
