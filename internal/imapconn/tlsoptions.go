package imapconn

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// TLSOptions say how a server's certificate is checked. The zero value checks
// it against the system's roots and the host name.
type TLSOptions struct {
	// ServerName is the name to be found in the certificate; empty for the
	// host's.
	ServerName string
	// Insecure switches every check off.
	Insecure bool
	// CAFile holds roots in PEM that replace the system's.
	CAFile string
	// CertFile and KeyFile are the client's own certificate, PEM.
	CertFile, KeyFile string
	// Fingerprint is the SHA-256 of the only certificate accepted, hex with or
	// without colons; the chain is then not checked.
	Fingerprint string
	// Waived, where it is not nil, lets a certificate pass that is for another name
	// or of an unknown authority, and is called with the reason; it may be called by
	// several goroutines. For servers on this machine, see Loopback.
	Waived func(error)
	// MinVersion and MaxVersion are tls.VersionTLS10 and so on; 0 for the
	// defaults of crypto/tls.
	MinVersion, MaxVersion uint16
	// CipherSuites are those offered up to TLS 1.2, nil for the defaults.
	CipherSuites []uint16
}

// Config makes the configuration for host. Files that cannot be read are
// errors that name them.
func (o TLSOptions) Config(host string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: o.MinVersion, MaxVersion: o.MaxVersion, CipherSuites: o.CipherSuites} //nolint:gosec // 0 is the package's default
	if o.ServerName != "" {
		cfg.ServerName = o.ServerName
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("SSL_ca_file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("SSL_ca_file: %s holds no certificate in PEM", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		if o.CertFile == "" {
			return nil, errors.New("SSL_key_file without SSL_cert_file")
		}
		o.KeyFile = o.CertFile // both in one file
	}
	if o.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("SSL_cert_file: %w", err)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	if o.Insecure {
		cfg.InsecureSkipVerify = true
	} else if o.Waived != nil {
		waive(cfg, o.Waived)
	}
	if o.Fingerprint != "" {
		want, err := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(o.Fingerprint), "sha256$"), ":", ""))
		if err != nil || len(want) != sha256.Size {
			return nil, fmt.Errorf("SSL_fingerprint: %q is not a SHA-256 in hex", o.Fingerprint)
		}
		cfg.InsecureSkipVerify = true
		cfg.VerifyConnection = func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].Raw)
			if !bytes.Equal(got[:], want) {
				return &fingerprintError{cert: s.PeerCertificates[0]}
			}
			return nil
		}
	}
	return cfg, nil
}

type fingerprintError struct{ cert *x509.Certificate }

func (e *fingerprintError) Error() string { return "the certificate has another fingerprint" }

// Fingerprint is the SHA-256 of a certificate, hex with colons.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", x)
	}
	return b.String()
}
