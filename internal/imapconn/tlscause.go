package imapconn

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// namesShown is how many names of a certificate are listed.
const namesShown = 5

// Cause says in plain words why TLS failed. It begins with imapsync's words where
// TLS from the first byte failed for another reason than the certificate.
func (e *TLSError) Cause() string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	cause := e.Err.Error()
	switch {
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired && e.Cert != nil && time.Now().Before(e.Cert.NotBefore):
		return "the certificate is not valid before " + day(e.Cert.NotBefore)
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return "the certificate expired on " + day(invalid.Cert.NotAfter)
	case errors.As(e.Err, &name):
		return fmt.Sprintf("the certificate is not for the name %q (it is for %s)", name.Host, certNames(name.Certificate))
	case errors.As(e.Err, &authority):
		return "the certificate is signed by an authority that this machine does not trust, or by itself"
	case errors.As(e.Err, &header) && e.cfg != nil:
		cause = fmt.Sprintf("port %d does not speak TLS from the first byte", e.cfg.Port)
	}
	if e.Implicit && e.Cert == nil {
		return "SSL connect attempt failed: " + cause
	}
	return cause
}

// Advice is what the certificate says and which options help, a line each.
func (e *TLSError) Advice() []string {
	if e.Cert == nil || e.cfg == nil {
		if e.remedy == "" {
			return nil
		}
		return []string{e.remedy}
	}
	c, sslargs := e.Cert, e.cfg.opt("sslargs")
	lines := []string{
		fmt.Sprintf("certificate of subject %q, names %q, issued by %q, valid from %s to %s",
			c.Subject.String(), certNames(c), c.Issuer.String(), c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339)),
		"SHA-256 " + Fingerprint(c),
	}
	if finger := (*fingerprintError)(nil); errors.As(e.Err, &finger) {
		return append(lines, "it is not the one of "+sslargs+" SSL_fingerprint: ask the owner of the server whether the certificate was replaced")
	}
	if e.missing != "" {
		lines = append(lines, e.missing)
	}
	return append(lines,
		"if you know that this certificate is right, pin it by adding:",
		fmt.Sprintf("  %s 'SSL_fingerprint=sha256$%x'", sslargs, sha256.Sum256(c.Raw)),
		fmt.Sprintf("if you have the certificate of its authority in a file: %s FILE", e.cfg.opt("cafile")),
		fmt.Sprintf("to check nothing at all: %s (anyone on the way can then read the password and the mail)", e.cfg.opt("insecure")))
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// certNames are the names of a certificate, not all of very many.
func certNames(c *x509.Certificate) string {
	names := append(slices.Clone(c.DNSNames), ipStrings(c)...)
	if more := len(names) - namesShown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:namesShown], " "), more)
	}
	if len(names) == 0 {
		return "no name"
	}
	return strings.Join(names, " ")
}
