package imapconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// TLSError is a failed handshake, or STARTTLS refused. Its text names what the
// certificate says and which option helps.
type TLSError struct {
	Host string
	Err  error
	// Cert is the certificate that was not accepted, nil when that is not the
	// reason.
	Cert *x509.Certificate
	// Passing says that trying again may help: the server went away or fell silent.
	Passing bool
	// Implicit says that TLS was spoken from the first byte.
	Implicit bool

	remedy string
	// missing says which certificate the server should have sent along, "" for none.
	missing string
	cfg     *Config
}

// Error tells subject, issuer, dates, fingerprint, reason and remedy.
func (e *TLSError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: TLS failed: %v", e.Host, e.Err)
	if c := e.Cert; c != nil {
		names := append(slices.Clone(c.DNSNames), ipStrings(c)...)
		fmt.Fprintf(&b, "; certificate of subject %q, names %q, issued by %q, valid from %s to %s, SHA-256 %s",
			c.Subject.String(), strings.Join(names, " "), c.Issuer.String(),
			c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), Fingerprint(c))
	}
	for _, s := range []string{e.missing, e.remedy} {
		if s != "" {
			b.WriteString("; " + s)
		}
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *TLSError) Unwrap() error { return e.Err }

func ipStrings(c *x509.Certificate) []string {
	s := make([]string, len(c.IPAddresses))
	for i, ip := range c.IPAddresses {
		s[i] = ip.String()
	}
	return s
}

// Alerts of TLS (RFC 8446 section 6.2, RFC 5246 section 7.2.2) that say what to do.
const (
	alertHandshakeFailure     = 40
	alertBadCertificate       = 42
	alertUnsupportedCert      = 43
	alertCertificateRevoked   = 44
	alertCertificateExpired   = 45
	alertCertificateUnknown   = 46
	alertUnknownCA            = 48
	alertAccessDenied         = 49
	alertProtocolVersion      = 70
	alertInsufficientSecurity = 71
	alertUnrecognizedName     = 112
	alertCertificateRequired  = 116
)

// alertOf is the alert that the server sent, 0 if err holds none. crypto/tls gives
// it a type of its own, which is a number and not exported.
func alertOf(err error) uint8 {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return 0
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return uint8(v.Uint())
	}
	return 0
}

// lateAlert makes a TLSError of an error that holds an alert: in TLS 1.3 the
// server looks at the client's certificate when the client takes the handshake for
// done, and the alert comes in place of the first reply.
func (c *Conn) lateAlert(err error) error {
	var already *TLSError
	if err == nil || alertOf(err) == 0 || errors.As(err, &already) {
		return err
	}
	return c.tlsError(err)
}

// tlsError explains a failed handshake.
func (c *Conn) tlsError(err error) error { return c.cfg.tlsError(err, c.certWanted) }

// tlsError explains a failed handshake; certWanted says that the server asked for
// a certificate of the client.
func (c *Config) tlsError(err error, certWanted bool) error {
	e := &TLSError{Host: c.Label() + " " + c.addr(), Err: err, Implicit: c.TLS == TLSImplicit, cfg: c}
	args := c.opt("sslargs")
	var verify *tls.CertificateVerificationError
	var finger *fingerprintError
	var header tls.RecordHeaderError
	var silent *imapwire.TimeoutError
	text := err.Error()
	switch {
	case errors.As(err, &verify):
		if len(verify.UnverifiedCertificates) > 0 {
			e.Cert = verify.UnverifiedCertificates[0]
		}
		e.remedy = fmt.Sprintf("if you trust this server all the same, pin it with %s SSL_fingerprint=..., give its root with %s SSL_ca_file=..., or switch the check off with %s SSL_verify_mode=0 or %s",
			args, args, args, c.opt("insecure"))
		if lacksIntermediate(verify) {
			e.missing = fmt.Sprintf("the server sends no certificate but its own, so that of the authority between may be missing, which is the server's mistake: give that one (%q) with %s", e.Cert.Issuer.String(), c.opt("cafile"))
		}
	case errors.As(err, &finger):
		e.Cert = finger.cert
		e.remedy = "compare the fingerprint with " + args + " SSL_fingerprint"
	case errors.As(err, &header):
		e.remedy = fmt.Sprintf("port %d does not speak TLS; use %s with %s, or %s", c.Port, c.opt("tls"), c.opt("nossl"), c.opt("port"))
	case alertOf(err) != 0:
		e.remedy = c.alertRemedy(alertOf(err), certWanted)
	case strings.Contains(text, "unsupported protocol version"), strings.Contains(text, "selected unsupported"):
		e.remedy = c.versionRemedy()
	case strings.Contains(text, "unconfigured cipher suite"), strings.Contains(text, "inconsistent cipher"):
		e.remedy = c.suiteRemedy()
	case strings.Contains(text, "negative serial"), strings.Contains(text, "RSA key larger"), strings.Contains(text, "bad certificate length"):
		e.remedy = fmt.Sprintf("the certificate breaks the rules; it is accepted when it is pinned with %s SSL_fingerprint=..., or with %s", args, c.opt("insecure"))
	case errors.As(err, &silent):
		e.Passing = true
		e.remedy = fmt.Sprintf("the server says nothing: port %d may not speak TLS; use %s with %s, or %s", c.Port, c.opt("tls"), c.opt("nossl"), c.opt("port"))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Passing = true
		e.remedy = fmt.Sprintf("the server closed the connection during the handshake, without a reason: it may be overloaded or block this address; or it knows only versions of TLS that are not safe any more (%s SSL_version=TLSv1 offers them)", args)
	}
	return e
}

// alertRemedy says what helps against an alert of the server.
func (c *Config) alertRemedy(alert uint8, certWanted bool) string {
	given := c.TLSConfig != nil && len(c.TLSConfig.Certificates) > 0
	args := c.opt("sslargs")
	switch alert {
	case alertHandshakeFailure, alertBadCertificate, alertUnsupportedCert, alertCertificateRevoked, alertCertificateExpired,
		alertCertificateUnknown, alertUnknownCA, alertAccessDenied, alertCertificateRequired:
		switch {
		case given && (certWanted || alert != alertHandshakeFailure):
			return fmt.Sprintf("the server does not accept the certificate of %s SSL_cert_file", args)
		case certWanted || alert == alertCertificateRequired:
			return fmt.Sprintf("the server wants a certificate from the client: give it with %s SSL_cert_file=... and %s SSL_key_file=...", args, args)
		case alert == alertHandshakeFailure:
			return c.suiteRemedy()
		}
		return fmt.Sprintf("the server refuses this client; if it wants a certificate from it, give one with %s SSL_cert_file=... and %s SSL_key_file=...", args, args)
	case alertProtocolVersion:
		return c.versionRemedy()
	case alertInsufficientSecurity:
		return c.suiteRemedy()
	case alertUnrecognizedName:
		return fmt.Sprintf("the server does not know itself by this name: give its own with %s or %s SSL_hostname=...", c.opt("host"), args)
	}
	return "the alert is the server's; its log may say more"
}

func (c *Config) versionRemedy() string {
	return fmt.Sprintf("there is no version of TLS that both sides allow: if the server knows only old ones, which are not safe any more, %s SSL_version=TLSv1 allows them", c.opt("sslargs"))
}

func (c *Config) suiteRemedy() string {
	return fmt.Sprintf("there is no cipher suite that both sides know, and the certificate has nothing to do with it: a server that knows only DHE can not be reached by this program; one that knows only RSA key exchange, which is not safe any more, can with %s SSL_cipher_list=RSA, and an old one also needs %s SSL_version=TLSv1",
		c.opt("sslargs"), c.opt("sslargs"))
}

// lacksIntermediate reports whether the chain ends with a certificate that somebody
// unknown signed and that came alone.
func lacksIntermediate(e *tls.CertificateVerificationError) bool {
	var unknown x509.UnknownAuthorityError
	certs := e.UnverifiedCertificates
	return errors.As(e.Err, &unknown) && len(certs) == 1 && !slices.Equal(certs[0].RawIssuer, certs[0].RawSubject)
}
