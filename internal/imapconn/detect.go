package imapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// Ports of IMAP.
const (
	PortIMAP  = 143
	PortIMAPS = 993
)

// probeTimeout bounds the probe of port 993 when no time-out was given: a
// firewall that drops packets would hold it for minutes.
const probeTimeout = 15 * time.Second

// DetectOptions are what the user said about port and protection; nil and 0
// for nothing said.
type DetectOptions struct {
	Port     int
	SSL, TLS *bool
	// NoProbe is --nosslcheck.
	NoProbe bool
}

// Detected is how a server is to be reached.
type Detected struct {
	Port int
	Mode TLSMode
	// Probed says that port 993 was tried, Open that it answered as an IMAP
	// server does, and Err why not.
	Probed, Open bool
	Err          error
}

// Detect decides port and protection as imapsync does: when nothing was said,
// port 993 is tried with TLS, else port 143 with STARTTLS if advertised.
// Differing from imapsync, port 993 given alone means TLS, and the probe has a
// time limit. cfg gives host, network, time-out and dialer. The error is only
// ever the context's.
func Detect(ctx context.Context, cfg Config, o DetectOptions) (Detected, error) {
	d := Detected{Port: o.Port}
	ssl := o.SSL != nil && *o.SSL
	if o.SSL == nil && o.TLS == nil {
		switch {
		case o.Port == PortIMAPS:
			ssl = true
		case o.Port == 0 && !o.NoProbe:
			d.Probed = true
			d.Err = probe(ctx, cfg)
			if err := ctx.Err(); err != nil {
				return d, context.Cause(ctx)
			}
			d.Open = d.Err == nil
			ssl = d.Open
		}
	}
	switch {
	case ssl:
		d.Mode = TLSImplicit
	case o.TLS == nil:
		d.Mode = TLSAuto
	case *o.TLS:
		d.Mode = TLSStart
	default:
		d.Mode = TLSNone
	}
	if d.Port == 0 {
		d.Port = PortIMAP
		if ssl {
			d.Port = PortIMAPS
		}
	}
	return d, nil
}

// probe connects to port 993 and reads one line under TLS. The certificate is
// not checked: nothing is sent, and the real connection checks it.
func probe(ctx context.Context, cfg Config) error {
	cfg.Port, cfg.ReceiveBuffer = PortIMAPS, nil
	if cfg.Timeout <= 0 || cfg.Timeout > probeTimeout {
		cfg.Timeout = probeTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, errors.New("no answer in time"))
	defer cancel()
	sock, err := cfg.dial(ctx)
	if err != nil {
		return &DialError{Host: cfg.Label() + " " + cfg.addr(), Err: err}
	}
	s := imapwire.NewStream(sock, imapwire.Options{Timeout: cfg.Timeout})
	defer func() { _ = s.Close() }() // nothing was sent
	s.SetContext(ctx)
	tlsCfg := &tls.Config{ServerName: cfg.Host, InsecureSkipVerify: true} //nolint:gosec // see above
	if net.ParseIP(cfg.Host) != nil {
		tlsCfg.ServerName = ""
	}
	if err := s.StartTLS(ctx, tlsCfg); err != nil {
		return err
	}
	_, err = s.Line()
	return err
}
