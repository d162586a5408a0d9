package embedded

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// certificate is a self-signed certificate for loopback.
type certificate struct {
	key  *ecdsa.PrivateKey
	leaf *x509.Certificate
}

// shared is the certificate of all servers of this process: tests start them by the
// hundred.
var shared = sync.OnceValues(newCertificate)

// certificate of a server with these options. In a bubble of testing/synctest, where a
// server has its own listener, it is another year.
func (o Options) certificate() (certificate, error) {
	if o.Listener != nil {
		return newCertificate()
	}
	return shared()
}

func newCertificate() (certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, fmt.Errorf("key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return certificate{}, fmt.Errorf("certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return certificate{}, fmt.Errorf("certificate: %w", err)
	}
	return certificate{key: key, leaf: leaf}, nil
}

func (c certificate) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.key, Leaf: c.leaf}}}
}

// Certificate returns the server's own certificate; a client that trusts it
// connects to localhost, 127.0.0.1 and ::1 without complaint.
func (s *Server) Certificate() *x509.Certificate { return s.cert.leaf }
