package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// byRedirect sends the user's browser to the provider, which sends it back to a
// port of this machine (RFC 8252 section 7.3), with PKCE (RFC 7636).
func byRedirect(ctx context.Context, o *LoginOptions, conf *oauth2.Config) (*oauth2.Token, error) {
	ln, err := listenHere(o.RedirectPort)
	if err != nil {
		return nil, err
	}
	b := &backSide{state: rand.Text(), host: o.Provider.RedirectHost, port: ln[0].Addr().(*net.TCPAddr).Port, came: make(chan answer, 1)}
	if b.host == "" {
		b.host = "127.0.0.1"
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: requestTime, MaxHeaderBytes: 64 << 10}
	for _, l := range ln {
		go func() { _ = server.Serve(l) }() // ends with Shutdown
	}
	defer func() {
		// The page that says how it went has to reach the browser.
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(bye) != nil {
			_ = server.Close()
		}
	}()
	conf.RedirectURL = "http://" + net.JoinHostPort(b.host, strconv.Itoa(b.port))
	verifier := oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("login_hint", o.User)}
	for k, v := range o.Provider.Extra {
		options = append(options, oauth2.SetAuthURLParam(k, v))
	}
	page := conf.AuthCodeURL(b.state, options...)
	o.Say("Log in as %s in your browser, at this address:\n\n  %s\n", o.User, page)
	if o.Open != nil {
		if err := o.Open(page); err != nil {
			o.Say("(No browser could be opened here: %v. Open the address yourself, on this machine; from another one first \"ssh -L %d:127.0.0.1:%d\" to this machine.)", err, b.port, b.port)
		}
	}
	o.Say("Waiting for you...")
	select {
	case a := <-b.came:
		if a.err != nil {
			return nil, a.err
		}
		return conf.Exchange(ctx, a.code, oauth2.VerifierOption(verifier))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listenHere listens on loopback, IPv4 and where it can IPv6: "localhost" may be
// either.
func listenHere(port int) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for the browser: %w (choose another port with --redirectport)", err)
	}
	all := []net.Listener{four}
	port = four.Addr().(*net.TCPAddr).Port
	if six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(port))); err == nil {
		all = append(all, six)
	}
	return all, nil
}

// answer is what the browser brings back.
type answer struct {
	code string
	err  error
}

// backSide is the page that the provider sends the browser back to.
type backSide struct {
	state, host string
	port        int
	came        chan answer // the first one counts
}

var backPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>imaphaul</title>
<style>body{font:18px/1.5 sans-serif;max-width:36em;margin:4em auto;padding:0 1em;color:#222}h1{font-size:1.4em}</style></head>
<body><h1>{{if .}}The login did not work{{else}}You are logged in{{end}}</h1>
<p>{{if .}}{{.}}{{else}}imaphaul has the permission it asked for.{{end}}</p>
<p>You can close this page and go back to the terminal.</p></body></html>
`))

// ServeHTTP takes the answer. A request with another state is not an answer to
// our question: it is refused and changes nothing. One for another host name
// comes from a page that plays with DNS.
func (b *backSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	q := r.URL.Query()
	if r.Method != http.MethodGet || r.URL.Path != "/" || r.Host != net.JoinHostPort(b.host, strconv.Itoa(b.port)) {
		http.NotFound(w, r)
		return
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.state)) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		_ = backPage.Execute(w, "This is not the answer to the login that was begun in the terminal.")
		return
	}
	var a answer
	why := ""
	switch code := q.Get("error"); {
	case code != "":
		a.err = explain("log in", &oauth2.RetrieveError{ErrorCode: code, ErrorDescription: q.Get("error_description")})
		why = a.err.Error()
	case q.Get("code") == "":
		a.err = errors.New("the provider's answer holds no code")
		why = a.err.Error()
	default:
		a.code = q.Get("code")
	}
	_ = backPage.Execute(w, why)
	select {
	case b.came <- a:
	default: // loaded again
	}
}
