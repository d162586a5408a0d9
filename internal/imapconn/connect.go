package imapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// DialError says that no connection came about.
type DialError struct {
	Host string
	Err  error
}

// Error names host, port and reason.
func (e *DialError) Error() string { return fmt.Sprintf("%s: cannot connect: %v", e.Host, e.Err) }

// Unwrap gives the cause.
func (e *DialError) Unwrap() error { return e.Err }

// GreetingError says that what answered is not an IMAP server, or one that
// takes no clients now (then Err is a *Response with Status BYE).
type GreetingError struct {
	Host string
	Err  error
}

// Error names host and reason.
func (e *GreetingError) Error() string { return fmt.Sprintf("%s: no IMAP greeting: %v", e.Host, e.Err) }

// Unwrap gives the cause.
func (e *GreetingError) Unwrap() error { return e.Err }

// GateError says that nothing may leave any more, so that no connection is opened.
type GateError struct{ Err error }

// Error gives the gate's reason.
func (e *GateError) Error() string { return e.Err.Error() }

// Unwrap gives the gate's reason.
func (e *GateError) Unwrap() error { return e.Err }

// Permanent reports that waiting does not help: a gate that has refused once does so for
// ever.
func (e *GateError) Permanent() bool { return true }

// Connect opens a connection up to the state before login: socket, TLS,
// greeting, STARTTLS, capabilities. The errors are *DialError, *TLSError,
// *GreetingError; later ones are *Response and *ConnError.
func Connect(ctx context.Context, cfg Config) (*Conn, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	host := cfg.Label() + " " + cfg.addr()
	// What a lease gives is not only the right to write: the connections of who lost it
	// are somebody else's now.
	if cfg.Gate != nil {
		if err := cfg.Gate.Check(); err != nil {
			return nil, &DialError{Host: host, Err: &GateError{err}}
		}
	}
	sock, err := cfg.dial(ctx)
	if err != nil {
		return nil, &DialError{Host: host, Err: err}
	}
	linger(sock, 0)
	userTimeout(sock, cfg.UserTimeout)
	tracer := imapwire.NewTracer(cfg.Trace, cfg.Label()+" ", cfg.DebugContent)
	s := imapwire.NewStream(sock, imapwire.Options{Timeout: cfg.Timeout, Tracer: tracer, SlowIn: cfg.SlowIn, SlowOut: cfg.SlowOut, Gate: cfg.Gate})
	s.SetContext(ctx)
	c := newConn(cfg, s, tracer)
	c.sock = sock
	if err := c.lateAlert(c.establish(ctx)); err != nil {
		_ = c.Close() // the reason is err
		return nil, err
	}
	return c, nil
}

func (c *Conn) establish(ctx context.Context) error {
	if c.cfg.TLS == TLSImplicit {
		if err := c.s.StartTLS(ctx, c.tlsConfig()); err != nil {
			return c.tlsError(err)
		}
	}
	if err := c.greet(); err != nil {
		return err
	}
	if c.cfg.TLS == TLSStart || c.cfg.TLS == TLSAuto {
		if err := c.startTLS(ctx); err != nil {
			return err
		}
	}
	if len(c.caps) == 0 {
		if _, err := c.Capability(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) tlsConfig() *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.cfg.TLSConfig != nil {
		cfg = c.cfg.TLSConfig.Clone()
	}
	if len(cfg.Certificates) == 0 && cfg.GetClientCertificate == nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c.certWanted = true
			return &tls.Certificate{}, nil // none
		}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = c.cfg.Host
	}
	return cfg
}

// greet reads the greeting; empty lines before it are forgiven.
func (c *Conn) greet() error {
	host := c.cfg.Label() + " " + c.cfg.addr()
	for range 10 {
		l, err := c.s.Line()
		if err != nil {
			return &GreetingError{Host: host, Err: c.fail("waiting for the greeting", err)}
		}
		if len(l.Text) == 0 {
			continue
		}
		if l.Text[0] != '*' {
			return &GreetingError{Host: host, Err: c.strange(l.Text)}
		}
		r := parseResponse(l.Text, l.Text[1:])
		switch r.Status {
		case "OK", "PREAUTH":
			c.greeting = r
			c.statusCode(&r)
			if r.Code == "ALERT" {
				c.notice(&r)
			}
			return nil
		case "BYE":
			c.bye = &r
			c.status(&r)
			return &GreetingError{Host: host, Err: &r}
		}
		return &GreetingError{Host: host, Err: c.strange(l.Text)}
	}
	return &GreetingError{Host: host, Err: errors.New("the server sends empty lines")}
}

func (c *Conn) strange(line []byte) error {
	const few = 100
	err := fmt.Errorf("the server says %q", printable(line[:min(len(line), few)]))
	if c.cfg.TLS != TLSImplicit && len(line) > 0 && (line[0] == 0x15 || line[0] == 0x16) {
		err = fmt.Errorf("port %d speaks TLS from the first byte; use %s", c.cfg.Port, c.cfg.opt("ssl"))
	}
	return err
}

// startTLS protects the connection (RFC 3501 section 6.2.1, RFC 8314). What
// the server said of itself before is forgotten.
func (c *Conn) startTLS(ctx context.Context) error {
	host := c.cfg.Label() + " " + c.cfg.addr()
	if len(c.caps) == 0 {
		if _, err := c.Capability(ctx); err != nil {
			return err
		}
	}
	if c.greeting.Status == "PREAUTH" {
		if c.cfg.TLS == TLSStart {
			return &TLSError{Host: host, Err: errors.New("the server greets with PREAUTH, after which STARTTLS is impossible"), remedy: "an attacker can forge this greeting; use " + c.cfg.opt("ssl")}
		}
		return nil
	}
	if c.cfg.TLS == TLSAuto && !c.Has(imap.CapStartTLS) {
		return nil
	}
	if err := c.run(ctx, "STARTTLS"); err != nil {
		var r *Response
		if errors.As(err, &r) && r.Command != "" {
			return &TLSError{Host: host, Err: err, remedy: fmt.Sprintf("use %s for TLS from the first byte, or %s for none", c.cfg.opt("ssl"), c.cfg.opt("notls"))}
		}
		return err
	}
	c.caps, c.capsFresh = imap.CapSet{}, false
	if err := c.s.StartTLS(ctx, c.tlsConfig()); err != nil {
		return c.tlsError(err)
	}
	_, err := c.Capability(ctx)
	return err
}

// TLS returns the state of TLS, and false for a connection in the clear.
func (c *Conn) TLS() (tls.ConnectionState, bool) { return c.s.TLS() }

// SetTimeout changes the idle time-out; 0 for none.
func (c *Conn) SetTimeout(d time.Duration) { c.s.SetTimeout(d) }
