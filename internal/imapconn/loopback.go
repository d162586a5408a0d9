package imapconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
)

// Loopback reports whether a host, as typed, is this machine: localhost, an
// address of 127/8, or ::1. A name that only resolves to one is not.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// waive has cfg accept certificates whose only fault is another name or an
// authority that is not known, and tells it. All other faults stay errors.
func waive(cfg *tls.Config, told func(error)) {
	cfg.InsecureSkipVerify = true // VerifyConnection does it
	roots, name := cfg.RootCAs, cfg.ServerName
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		chain := s.PeerCertificates
		opts := x509.VerifyOptions{Roots: roots, DNSName: name, Intermediates: x509.NewCertPool()}
		for _, c := range chain[1:] {
			opts.Intermediates.AddCert(c)
		}
		_, first := chain[0].Verify(opts)
		err := first
		var hostname x509.HostnameError
		if errors.As(err, &hostname) {
			opts.DNSName = ""
			_, err = chain[0].Verify(opts) // a wrong name hides what else is wrong
		}
		var authority x509.UnknownAuthorityError
		switch {
		case first == nil:
			return nil
		case err == nil || errors.As(err, &authority):
			told(&TLSError{Err: first, Cert: chain[0]})
			return nil
		}
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
}
