package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// states are both ends of one TLS connection.
func states(t *testing.T, version uint16) (client, server tls.ConnectionState) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	s := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MaxVersion: version, SessionTicketsDisabled: true})
	c := tls.Client(a, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	done := make(chan error, 1)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState(), s.ConnectionState()
}

// The PLUS variants log in over one connection, and fail where the two ends are
// on two, as with somebody in between; below TLS 1.3 there is none.
func TestScramPlus(t *testing.T) {
	client, server := states(t, tls.VersionTLS13)
	other, _ := states(t, tls.VersionTLS13)
	old, _ := states(t, tls.VersionTLS12)
	for mech, hash := range map[string]scram.HashGeneratorFcn{ScramSHA1Plus: scram.SHA1, ScramSHA256Plus: scram.SHA256} {
		stored, err := hash.NewClient("user", "pencil", "")
		if err != nil {
			t.Fatal(err)
		}
		creds, err := stored.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "abcdefgh", Iters: 4096})
		if err != nil {
			t.Fatal(err)
		}
		srv, err := hash.NewServer(func(string) (scram.StoredCredentials, error) { return creds, nil })
		if err != nil {
			t.Fatal(err)
		}
		for name, state := range map[string]tls.ConnectionState{"ours": client, "another": other} {
			binding, err := scram.NewTLSExporterBinding(&server)
			if err != nil {
				t.Fatal(err)
			}
			conv := srv.NewConversationWithChannelBindingRequired(binding)
			c, err := New(mech, Params{User: "user", Password: secret.New("pencil"), TLS: &state})
			if err != nil {
				t.Fatal(err)
			}
			_, out, err := c.Start()
			if err != nil || !strings.HasPrefix(string(out), "p=tls-exporter,") {
				t.Fatalf("%q, %v", out, err)
			}
			for range 2 {
				challenge, err := conv.Step(string(out))
				if err != nil {
					break
				}
				if out, err = c.Next([]byte(challenge)); err != nil {
					t.Fatal(err)
				}
			}
			if ok := conv.Valid() && c.(Verifier).Verify() == nil; ok != (name == "ours") {
				t.Errorf("%s on %s connection: %v", mech, name, ok)
			}
		}
		for _, state := range []*tls.ConnectionState{nil, &old} {
			if _, err := New(mech, Params{User: "user", Password: secret.New("pencil"), TLS: state}); err == nil || !strings.Contains(err.Error(), "TLS 1.3") {
				t.Error(err)
			}
		}
	}
}
