package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/proxy"
)

// detect finds port and protection when the user did not say.
func (s *Account) detect(ctx context.Context, st *Story) error {
	a := s.Plan
	var err error
	options := imapconn.TLSOptions{
		Insecure: a.Insecure, CAFile: a.CAFile, ServerName: a.ServerName,
		CertFile: a.CertFile, KeyFile: a.KeyFile, Fingerprint: a.Fingerprint,
		MinVersion: tlsVersions[a.MinTLS], MaxVersion: tlsVersions[a.MaxTLS], CipherSuites: a.CipherSuites,
	}
	if a.Insecure || a.Fingerprint != "" {
		imapconn.AcceptOddCertificates()
		st.add(event.Note{Text: fmt.Sprintf("Host%d: since its certificate is not checked against an authority, one with a negative serial number or an RSA key of up to 16384 bits is accepted too (in this whole run: for both hosts)", s.N)})
	}
	if a.Proxy.IsSet() {
		if s.Config.Proxy, err = proxy.Parse(a.Proxy.Reveal()); err != nil {
			return fmt.Errorf("--proxy%d: %w", s.N, err)
		}
	}
	if s.trustsLoopback() {
		options.Waived, s.Config.Waived = s.waive, s.hasWaived
	}
	if s.Config.TLSConfig, err = options.Config(a.Host); err != nil {
		return err
	}
	d, err := imapconn.Detect(ctx, s.Config, imapconn.DetectOptions{Port: a.Port, SSL: a.SSL, TLS: a.StartTLS, NoProbe: !a.ProbeSSL})
	if err != nil {
		return err
	}
	if d.Probed {
		st.add(event.Probed{Side: s.N, Host: a.Host, Open: d.Open})
	}
	s.Config.Port, s.Config.TLS = d.Port, d.Mode
	return nil
}

// tlsVersions are the plan's words for the lowest version of TLS.
var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// login opens one connection and logs in. st is nil for a connection that
// replaces a lost one. A server that hangs up because it does not like the token
// gets another one, once.
func (s *Account) login(ctx context.Context, st *Story) (*imapconn.Conn, error) {
	c, err := s.logIn(ctx, st)
	if err != nil && s.wantsAnotherToken(err) {
		c, err = s.logIn(ctx, nil)
		if err == nil && st != nil {
			st.add(event.LoggedIn{Side: s.N, Host: s.Plan.Host, User: s.Plan.User, Mech: c.AuthMechanism(), Capabilities: c.CapLine()})
		}
	}
	return c, err
}

// logIn is one attempt of login.
func (s *Account) logIn(ctx context.Context, st *Story) (*imapconn.Conn, error) {
	if err := s.backoff.Wait(ctx); err != nil {
		return nil, err
	}
	a := s.Plan
	onlyConnect := s.spec.OnlyConnect
	tell := func(e event.Event) {
		if st != nil {
			st.add(e)
		}
	}
	tell(event.Connecting{Side: s.N, Host: a.Host, Port: s.Config.Port, User: a.User, Login: !onlyConnect})
	cfg := s.compressing()
	c, err := imapconn.Connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	greeting := c.Greeting()
	if st != nil {
		s.Banner = greeting.Line()
	}
	info := c.Info()
	tell(event.Connected{
		Side: s.N, RemoteIP: info.RemoteIP, LocalIP: info.LocalIP, Banner: greeting.Line(),
		Capabilities: c.CapLine(), TLS: info.TLS, StartTLS: info.StartTLS, Unverified: a.Insecure && info.TLS != "",
		PlaintextLoginSent: info.TLS == "", Waived: s.waived(), CertificateExpires: info.Expires,
	})
	if onlyConnect {
		s.Governor.Opened()
		s.Lines.Add(1)
		return c, nil
	}
	creds := s.credentials()
	mech := creds.Mechanism()
	tell(event.Authenticating{Side: s.N, Host: a.Host, Mech: mech, Advertised: mech == "LOGIN" || c.Has(imap.AuthCap(strings.Fields(mech)[0]))})
	if err := c.Login(ctx, creds); err != nil {
		if IsConnError(err) && cfg.Compress {
			s.strikeDeflate() // COMPRESS belongs to the login
		}
		if hungUp := c.Err() != nil; hungUp && s.tokenEnded(err) {
			c.RefuseToken()
		}
		_ = c.Close()
		return nil, &LoginError{Account: s, Err: err}
	}
	s.Governor.Opened()
	s.Lines.Add(1)
	if s.sealed {
		c.Seal()
	}
	after := ""
	if err := c.AuthFallback(); err != nil {
		after = mech
	}
	tell(event.LoggedIn{Side: s.N, Host: a.Host, User: a.User, Mech: c.AuthMechanism(), AfterFailure: after, Capabilities: c.CapLine()})
	if a.Compress != nil {
		tell(event.Compression{Side: s.N, On: c.Compressed()})
	}
	return c, nil
}

// notConnected reports whether a server that took a password says afterwards that
// there is nothing behind it (Exchange).
func notConnected(r *imapconn.Response) bool {
	return strings.Contains(strings.ToLower(r.Text), "authenticated but not connected")
}

// BehindDoor turns the refusal of a first command into that of the login, where the
// server means that.
func (s *Account) BehindDoor(err error) error {
	if r, ok := RefusalIn(err); ok && notConnected(r) {
		return &LoginError{Account: s, Err: err}
	}
	return nil
}

// RefusedEntry turns a failed first connection into the error imapsync's users
// know, and ends the run.
func (s *Account) RefusedEntry(err error, st *Story) error {
	if errors.Is(err, context.Canceled) || IsStopped(err) {
		return err
	}
	if s.control.Cause() == event.StopDay {
		return errors.Join(ErrStopped, err) // it is told
	}
	st.add(s.Fault(err))
	return errors.Join(ErrStopped, err)
}

// ConnectionWords tells how a connection ended: the server's farewell, if it
// said one, else the error itself.
func ConnectionWords(err error) string {
	var lost *imapconn.ConnError
	if errors.As(err, &lost) && lost.Bye != nil {
		return lost.Bye.Line()
	}
	return err.Error()
}

// ServerWords is the server's own line when there is one.
func ServerWords(err error) string {
	if resp, ok := RefusalIn(err); ok && resp.Line() != "" {
		return resp.Line()
	}
	return err.Error()
}
