package imapconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/proxy"
)

// TLSMode says how a connection is protected.
type TLSMode int

// The modes.
const (
	TLSNone     TLSMode = iota // cleartext, STARTTLS is not used even when advertised
	TLSImplicit                // TLS from the first byte, usually port 993
	TLSStart                   // STARTTLS, which must succeed
	TLSAuto                    // STARTTLS when advertised
)

// String names the mode for messages.
func (m TLSMode) String() string {
	switch m {
	case TLSNone:
		return "cleartext"
	case TLSImplicit:
		return "TLS"
	case TLSStart:
		return "STARTTLS"
	case TLSAuto:
		return "STARTTLS when advertised"
	}
	return "TLSMode(" + strconv.Itoa(int(m)) + ")"
}

// Gate says whether bytes may leave.
type Gate = imapwire.Gate

// Config says how to reach a server. The zero value of each field is usable.
type Config struct {
	// Side is 1 for the source and 2 for the destination; for messages only.
	Side int
	// Host and Port of the server; Port as Detect found it.
	Host string
	Port int
	// Network is "tcp" (or empty), "tcp4" or "tcp6".
	Network string
	// TLS is how the connection is protected, TLSConfig with what; nil for
	// the system's roots. See TLSOptions.Config.
	TLS       TLSMode
	TLSConfig *tls.Config
	// Waived reports whether a certificate was let pass that does not prove who the
	// server is (TLSOptions.Waived): no token is sent then. It may be nil.
	Waived func() bool
	// Proxy is the way to the server, nil for the direct one.
	Proxy *proxy.Server
	// AllowCleartext permits sending a password without TLS to a host that is
	// not this machine.
	AllowCleartext bool
	// Timeout is the idle time-out of connecting and of a command in progress
	// in which no byte moves; 0 for none.
	Timeout time.Duration
	// KeepAlive asks for TCP keepalive probes.
	KeepAlive bool
	// Compress turns DEFLATE on after Login where the server has it.
	Compress bool
	// HideCaps are treated as if the server did not advertise them.
	HideCaps []imap.Cap
	// TempDir takes spooled bodies, see Fetch; empty for the system's.
	TempDir string
	// Meter counts for all connections that share it; nil for nobody.
	Meter *Meter
	// SlowIn and SlowOut hold back what is read and what is written.
	SlowIn, SlowOut imapwire.Brake
	// Gate is asked before every write; the connection is closed when it refuses. It
	// may be nil.
	Gate Gate
	// UserTimeout is for how long the system keeps bytes that the server does not
	// acknowledge before it gives up the connection (TCP_USER_TIMEOUT, on Linux); 0
	// for the system's own.
	UserTimeout time.Duration
	// ReceiveBuffer bounds what a server whose data is held back can send ahead: it
	// returns so many bytes for a round trip, of which 0 says that it is not known
	// yet; 0 bytes leave it to the system. It may be nil.
	ReceiveBuffer func(rtt time.Duration) int
	// Trace receives the dialogue, without secrets; and without literals
	// unless DebugContent.
	Trace        io.Writer
	DebugContent bool
	// Consent is what the server is known to take; nil for nothing.
	Consent *Consent
	// TagPrefix stands before the number of each command, in place of letters
	// that nobody can guess; for tests.
	TagPrefix string
	// OnOutOfStep is called when a connection is reset since the server's replies
	// do not fit what it was sent.
	OnOutOfStep func(*OutOfStepError)
	// Dial replaces net.Dialer, for tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// OnSkipped is called with a line (shortened) that was not understood.
	OnSkipped func(line string)
	// OnStatus is called with every status reply, of a command or untagged, that
	// refuses something, ends the connection or says that it is slowed down.
	OnStatus func(Response)
	// OnNotice is called with an untagged NO, BAD, BYE or a reply that carries
	// a code meant for people, such as ALERT.
	OnNotice func(Response)

	maxUnasked int64 // for tests, see charge
}

// Label names the side for messages: "host1", "host2" or "host".
func (c *Config) Label() string {
	if c.Side == 0 {
		return "host"
	}
	return "host" + strconv.Itoa(c.Side)
}

// opt names an option of this side.
func (c *Config) opt(name string) string {
	if c.Side == 0 {
		return "--" + name
	}
	return "--" + name + strconv.Itoa(c.Side)
}

// addr is host and port as the dialer wants them.
func (c *Config) addr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

func (c *Config) network() string {
	if c.Network == "" {
		return "tcp"
	}
	return c.Network
}

// dial opens the socket.
func (c *Config) dial(ctx context.Context) (net.Conn, error) {
	if c.Dial != nil {
		return c.Dial(ctx, c.network(), c.addr())
	}
	return c.connect(ctx)
}

// linger says what closing does with bytes not sent yet: 0 drops them and resets
// the connection, -1 has the system send them. When this process gives the
// connection up, or is killed, what the system has not sent yet must not reach the
// server any more: a message that arrives after somebody looked whether it had is
// there twice. Logout restores the usual way.
func linger(sock net.Conn, seconds int) {
	if tcp, ok := sock.(*net.TCPConn); ok {
		_ = tcp.SetLinger(seconds) // a system without it does as usual
	}
}

func (c *Config) check() error {
	if c.Host == "" {
		return fmt.Errorf("%s: no host name (%s)", c.Label(), c.opt("host"))
	}
	if c.Port <= 0 || c.Port > 65535 {
		return fmt.Errorf("%s: port %d is not between 1 and 65535 (%s)", c.Label(), c.Port, c.opt("port"))
	}
	return nil
}
