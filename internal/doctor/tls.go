package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// tlsVersions are asked for one by one. Those before 1.2 are not safe any more
// (RFC 8996); a run offers them only when it is told to.
var tlsVersions = []struct {
	name   string
	number uint16
}{{"1.3", tls.VersionTLS13}, {"1.2", tls.VersionTLS12}, {"1.1", tls.VersionTLS11}, {"1.0", tls.VersionTLS10}}

// handshakeTime bounds the look at one version of TLS.
const handshakeTime = 5 * time.Second

// versions finds out which versions of TLS a server speaks. Nothing is told to it:
// its certificate is not looked at here, and nobody logs in.
func versions(ctx context.Context, a *access.Account) []TLSVersion {
	out := make([]TLSVersion, 0, len(tlsVersions))
	silent := false
	for _, v := range tlsVersions {
		one := TLSVersion{Name: v.name}
		if silent {
			one.Unknown = "not asked, since the server did not answer before"
		} else {
			one.Spoken, one.Unknown = speaks(ctx, a, v.number)
			silent = one.Unknown != ""
		}
		out = append(out, one)
	}
	return out
}

// speaks reports whether a server speaks one version. unknown says why that could
// not be found out.
func speaks(ctx context.Context, a *access.Account, version uint16) (spoken bool, unknown string) {
	ctx, cancel := context.WithTimeoutCause(ctx, handshakeTime, errors.New("no answer in time"))
	defer cancel()
	handshake := false
	c, err := a.ConnectWith(ctx, func(cfg *imapconn.Config) {
		cfg.Timeout, cfg.Trace, cfg.Waived = handshakeTime, nil, nil
		t := &tls.Config{MinVersion: version, MaxVersion: version, InsecureSkipVerify: true, CipherSuites: everySuite()} //nolint:gosec // see versions
		t.VerifyConnection = func(tls.ConnectionState) error { handshake = true; return nil }
		if cfg.TLSConfig != nil {
			t.ServerName = cfg.TLSConfig.ServerName
		}
		cfg.TLSConfig = t
	})
	if err == nil {
		_ = c.Close() // nothing was sent
		return true, ""
	}
	var failed *imapconn.TLSError
	switch {
	case handshake:
		return true, "" // what came afterwards does not matter
	case errors.As(err, &failed) && (!failed.Passing || !timedOut(err)):
		return false, "" // also a server that hangs up at a version that it does not know
	}
	return false, brief(err)
}

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// everySuite are all cipher suites of old versions, also those that are not safe: it
// is to be found out what the server speaks.
func everySuite() []uint16 {
	var out []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			out = append(out, s.ID)
		}
	}
	return out
}

// certificate describes the certificate of a connection, nil without TLS.
func certificate(c *imapconn.Conn) *Certificate {
	state, ok := c.TLS()
	if !ok || len(state.PeerCertificates) == 0 {
		return nil
	}
	return described(state.PeerCertificates[0])
}

func described(c *x509.Certificate) *Certificate {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > few {
		names = append(names[:few:few], "and more")
	}
	return &Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: names,
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), SHA256: imapconn.Fingerprint(c),
	}
}

// brief is an error in one line: the server's own words where it has some.
func brief(err error) string {
	var r *imapconn.Response
	if errors.As(err, &r) && r.Line() != "" {
		return r.Error()
	}
	return strings.TrimSpace(strings.ReplaceAll(err.Error(), "\n", " "))
}
