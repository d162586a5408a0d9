package imapconn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"
)

// signed makes a certificate for mail.example.org that an authority signed which is
// not sent along.
func signed(t *testing.T) tls.Certificate {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Middle"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail.example.org"}, DNSNames: []string{"mail.example.org"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestTLSRemedies: each way in which a handshake fails has a remedy of its own.
func TestTLSRemedies(t *testing.T) {
	cert := signed(t)
	server := func(change func(*tls.Config)) func(*peer) {
		cfg := &tls.Config{Certificates: []tls.Certificate{cert}} //nolint:gosec // a test
		change(cfg)
		return func(p *peer) {
			c := tls.Server(p.conn, cfg)
			if c.Handshake() == nil {
				_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] hi\r\n")
			}
			_, _ = io.ReadAll(p.conn)
		}
	}
	for name, tt := range map[string]struct {
		serve   func(*peer)
		options TLSOptions
		says    string
		passing bool
	}{
		"client certificate, TLS 1.3": {server(func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), TLSOptions{Insecure: true}, "SSL_cert_file", false},
		"client certificate, TLS 1.2": {server(func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }), TLSOptions{Insecure: true}, "SSL_cert_file", false},
		"old version":                 {server(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), TLSOptions{Insecure: true}, "SSL_version=TLSv1", false},
		"no common suite": {server(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		}), TLSOptions{Insecure: true}, "SSL_cipher_list", false},
		"intermediate missing": {server(func(*tls.Config) {}), TLSOptions{}, "Middle", false},
		"closed": {func(p *peer) {
			_, _ = io.ReadFull(p.r, make([]byte, 20))
			_ = p.conn.Close()
		}, TLSOptions{Insecure: true}, "closed the connection during the handshake", true},
		"cleartext": {func(p *peer) {
			p.say("* OK [CAPABILITY IMAP4rev1] I speak no TLS at all\n")
			_, _ = io.ReadAll(p.conn)
		}, TLSOptions{Insecure: true}, "does not speak TLS", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := dialogue(t, tt.serve)
			cfg.Host, cfg.Port, cfg.Side, cfg.TLS = "mail.example.org", 993, 1, TLSImplicit
			var err error
			if cfg.TLSConfig, err = tt.options.Config(cfg.Host); err != nil {
				t.Fatal(err)
			}
			_, err = Connect(t.Context(), cfg)
			var te *TLSError
			if !errors.As(err, &te) || !strings.Contains(err.Error(), tt.says) || te.Passing != tt.passing {
				t.Errorf("%v", err)
			}
			if advice := strings.Join(te.Advice(), "\n"); !strings.Contains(advice+te.Cause(), tt.says) {
				t.Errorf("%s; %s", te.Cause(), advice)
			}
			if strings.Contains(name, "suite") && strings.Contains(err.Error(), "check the certificate") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestRSAKeyExchange: with the option it works.
func TestRSAKeyExchange(t *testing.T) {
	cert := signed(t)
	cfg := dialogue(t, func(p *peer) {
		c := tls.Server(p.conn, &tls.Config{ //nolint:gosec // an old server
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		})
		if err := c.Handshake(); err != nil {
			t.Errorf("server: %v", err)
			return
		}
		_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] hi\r\n")
		_, _ = io.ReadAll(c)
	})
	cfg.Host, cfg.Port, cfg.Side, cfg.TLS = "mail.example.org", 993, 1, TLSImplicit
	var err error
	o := TLSOptions{Insecure: true, MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}
	if cfg.TLSConfig, err = o.Config(cfg.Host); err != nil {
		t.Fatal(err)
	}
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
