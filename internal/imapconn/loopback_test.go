package imapconn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// Only a wrong name and an unknown authority are let pass, and told.
func TestWaivedCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	issue := func(name string, from, to time.Time) *x509.Certificate {
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	day := 24 * time.Hour
	for _, tc := range []struct {
		name    string
		cert    *x509.Certificate
		trusted bool
		waived  string // "" and ok: nothing to say
		refused string
	}{
		{"good", issue("localhost", now.Add(-day), now.Add(day)), true, "", ""},
		{"unknown authority", issue("localhost", now.Add(-day), now.Add(day)), false, "does not trust", ""},
		{"wrong name", issue("mail.example.org", now.Add(-day), now.Add(day)), true, `not for the name "localhost" (it is for mail.example.org)`, ""},
		{"wrong name, unknown authority", issue("mail.example.org", now.Add(-day), now.Add(day)), false, "not for the name", ""},
		{"expired", issue("localhost", now.Add(-2*day), now.Add(-day)), true, "", "the certificate expired on "},
		{"expired, wrong name", issue("mail.example.org", now.Add(-2*day), now.Add(-day)), false, "", "the certificate expired on "},
		{"not valid yet", issue("localhost", now.Add(day), now.Add(2*day)), false, "", "is not valid before "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := ""
			cfg := &tls.Config{ServerName: "localhost"} //nolint:gosec // a test
			cfg.RootCAs = x509.NewCertPool()
			if tc.trusted {
				cfg.RootCAs.AddCert(tc.cert)
			}
			waive(cfg, func(err error) {
				var e *TLSError
				if errors.As(err, &e) {
					told = e.Cause()
				}
			})
			err := cfg.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{tc.cert}})
			cause := ""
			if err != nil {
				conn := Config{Side: 1, Host: "localhost", Port: 993, TLS: TLSImplicit}
				var e *TLSError
				if !errors.As(conn.tlsError(err, false), &e) || e.Cert == nil {
					t.Fatalf("%v is no error of a certificate", err)
				}
				cause = e.Cause()
			}
			if (told == "") != (tc.waived == "") || !strings.Contains(told, tc.waived) {
				t.Errorf("told %q, want %q", told, tc.waived)
			}
			if (cause == "") != (tc.refused == "") || !strings.Contains(cause, tc.refused) {
				t.Errorf("refused with %q, want %q", cause, tc.refused)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.3.2.1": true, "::1": true,
		"localhost.example.org": false, "10.0.0.1": false, "example.org": false, "": false, "::2": false,
	} {
		if Loopback(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}
