package imapconn

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/auth"
)

// Info is what there is to say about an open connection.
type Info struct {
	// LocalIP and RemoteIP are the two ends, without ports.
	LocalIP, RemoteIP string
	// TLS is version and cipher, "" in the clear; StartTLS says that the
	// connection began in the clear.
	TLS      string
	StartTLS bool
	// Expires is until when the server's certificate is valid, zero in the clear.
	Expires time.Time
}

// Info describes the connection. State: any.
func (c *Conn) Info() Info {
	i := Info{LocalIP: ipOf(c.s.LocalAddr()), RemoteIP: ipOf(c.s.RemoteAddr())}
	if state, ok := c.TLS(); ok {
		i.TLS = tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
		i.StartTLS = c.cfg.TLS != TLSImplicit
		if len(state.PeerCertificates) > 0 {
			i.Expires = state.PeerCertificates[0].NotAfter
		}
	}
	return i
}

func ipOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// CapLine is the capabilities as one sorted line.
func (c *Conn) CapLine() string {
	words := make([]string, 0, len(c.caps))
	for k := range c.caps {
		words = append(words, string(k))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Commands is the number of commands sent.
func (c *Conn) Commands() int { return int(c.tags) }

// StartLsub is Lsub without waiting.
func (c *Conn) StartLsub(ctx context.Context, ref, pattern string) (*Pending[[]ListData], error) {
	return c.startList(ctx, "LSUB", false, quotedStr(ref), quotedStr(pattern))
}

// Mechanism is the way in which Login will try these credentials, as messages
// name it, before the server's own wishes are known.
func (cr *Credentials) Mechanism() string {
	mech := strings.ToUpper(cr.Mech)
	switch {
	case cr.OAuthDirect.IsSet() || cr.OAuthDirectFile != "":
		return "XOAUTH2 direct"
	case cr.Token.IsSet() || cr.TokenFile != "" || cr.TokenSource != nil:
		if mech == auth.OAuthBearer {
			return mech
		}
		return "XOAUTH2 accesstoken"
	case mech != "":
		return mech
	case cr.AuthUser != "" && !cr.ProxyAuth:
		return auth.Plain
	}
	return MechLogin
}
