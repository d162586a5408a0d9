package imapconn

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// testCert is a self-signed certificate for mail.example.org.
func testCert(t *testing.T) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.org"}, DNSNames: []string{"mail.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, cert
}

func serveTLS(p *peer, cert tls.Certificate) *peer {
	s := tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{cert}}) //nolint:gosec // a test
	return &peer{t: p.t, conn: s, r: bufio.NewReader(s)}
}

func TestStartTLS(t *testing.T) {
	cert, parsed := testCert(t)
	cfg := dialogue(t, func(p *peer) {
		p.say("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\n")
		p.want("T1 STARTTLS")
		p.say("T1 OK go\n")
		p = serveTLS(p, cert)
		p.want("T2 CAPABILITY")
		p.say("* CAPABILITY IMAP4rev1 UIDPLUS\nT2 OK\n")
		p.want(`T3 LOGIN "u" "pass"`)
		p.say("* CAPABILITY IMAP4rev1 LITERAL+\nT3 OK\n")
		p.ended()
	})
	cfg.Host, cfg.TLS = "mail.example.org", TLSAuto
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	cfg.TLSConfig = &tls.Config{RootCAs: pool} //nolint:gosec // a test
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.TLS(); !ok || !c.Has(imap.CapUIDPlus) || c.Has(imap.CapStartTLS) {
		t.Errorf("TLS %v, capabilities %v", ok, c.Caps())
	}
	if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New("pass")}); err != nil {
		t.Error(err)
	}
	if !c.Has(imap.CapLiteralPlus) || c.Has(imap.CapUIDPlus) {
		t.Errorf("capabilities after login %v", c.Caps())
	}
	_ = c.Close()
}

// TestTLSRefused: an unknown root, another name, and what the error tells.
func TestTLSRefused(t *testing.T) {
	cert, parsed := testCert(t)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	dir := t.TempDir()
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: parsed.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		host string
		o    TLSOptions
		ok   bool
	}{
		{"unknown root", "mail.example.org", TLSOptions{}, false},
		{"other name", "imap.example.org", TLSOptions{CAFile: roots}, false},
		{"good", "mail.example.org", TLSOptions{CAFile: roots}, true},
		{"name given", "imap.example.org", TLSOptions{CAFile: roots, ServerName: "mail.example.org"}, true},
		{"insecure", "imap.example.org", TLSOptions{Insecure: true}, true},
		{"fingerprint", "imap.example.org", TLSOptions{Fingerprint: Fingerprint(parsed)}, true},
		{"other fingerprint", "mail.example.org", TLSOptions{Fingerprint: strings.Repeat("00", 32)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := dialogue(t, func(p *peer) {
				p = serveTLS(p, cert)
				if _, err := io.WriteString(p.conn, "* OK [CAPABILITY IMAP4rev1] hi\r\n"); err == nil {
					_, _ = io.ReadAll(p.r)
				}
			})
			var err error
			cfg.Host, cfg.Port, cfg.Side, cfg.TLS = tt.host, 993, 1, TLSImplicit
			if cfg.TLSConfig, err = tt.o.Config(tt.host); err != nil {
				t.Fatal(err)
			}
			c, err := Connect(t.Context(), cfg)
			if tt.ok {
				if err != nil {
					t.Fatal(err)
				}
				_ = c.Close()
				return
			}
			var te *TLSError
			if !errors.As(err, &te) || te.Cert == nil {
				t.Fatalf("%v", err)
			}
			for _, s := range []string{"host1", tt.host, "CN=mail.example.org", Fingerprint(parsed), parsed.NotAfter.UTC().Format(time.RFC3339), "--sslargs1"} {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("the error lacks %q: %v", s, err)
				}
			}
		})
	}
}

// TestStartTLSRefused: with --tls a server without it is an error; and the
// answer with bytes behind it as well.
func TestStartTLSRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"refused":  "T1 NO not today\n",
		"injected": "T1 OK go\n* CAPABILITY IMAP4rev1 X-EVIL\n",
		"preauth":  "",
	} {
		cfg := dialogue(t, func(p *peer) {
			if answer == "" {
				p.say("* PREAUTH [CAPABILITY IMAP4rev1] hi\n")
				p.ended()
				return
			}
			p.say("* OK [CAPABILITY IMAP4rev1] hi\n")
			p.want("T1 STARTTLS")
			p.say(answer)
			_, _ = io.ReadAll(p.r)
		})
		cfg.TLS = TLSStart
		c, err := Connect(t.Context(), cfg)
		var te *TLSError
		if c != nil || !errors.As(err, &te) || errors.Is(err, imapwire.ErrInjected) != (name == "injected") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConnectErrors: each kind has its type.
func TestConnectErrors(t *testing.T) {
	refused := errors.New("connection refused")
	cfg := Config{Side: 2, Host: "mail.example.org", Port: 143, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, refused }}
	_, err := Connect(t.Context(), cfg)
	var de *DialError
	if !errors.As(err, &de) || !errors.Is(err, refused) || !strings.Contains(err.Error(), "host2 mail.example.org:143") {
		t.Errorf("%v", err)
	}
	for _, bad := range []Config{{}, {Host: "h"}, {Host: "h", Port: 70000}} {
		if _, err := Connect(t.Context(), bad); err == nil {
			t.Errorf("%+v", bad)
		}
	}
	for _, greeting := range []string{"* BYE too many connections\n", "220 smtp.example.org ESMTP\n", "* NONSENSE\n", "\n\n\n\n\n\n\n\n\n\n\n", "\x15\x03\x01\x00\x02\x02\x46\n", "", "* OK no line end"} {
		cfg := dialogue(t, func(p *peer) { p.say(greeting) })
		_, err := Connect(t.Context(), cfg)
		var ge *GreetingError
		var r *Response
		if !errors.As(err, &ge) || errors.As(err, &r) != strings.HasPrefix(greeting, "* BYE") {
			t.Errorf("%q: %v", greeting, err)
		}
		if strings.HasPrefix(greeting, "\x15") && !strings.Contains(err.Error(), "--ssl") {
			t.Errorf("%q: %v", greeting, err)
		}
	}
}

func TestDetect(t *testing.T) {
	cert, _ := testCert(t)
	yes, no := true, false
	for _, tt := range []struct {
		name   string
		o      DetectOptions
		open   bool
		probed bool
		port   int
		mode   TLSMode
	}{
		{"nothing said, 993 open", DetectOptions{}, true, true, 993, TLSImplicit},
		{"nothing said, 993 closed", DetectOptions{}, false, true, 143, TLSAuto},
		{"nosslcheck", DetectOptions{NoProbe: true}, true, false, 143, TLSAuto},
		{"ssl", DetectOptions{SSL: &yes}, true, false, 993, TLSImplicit},
		{"nossl", DetectOptions{SSL: &no}, true, false, 143, TLSAuto},
		{"tls", DetectOptions{TLS: &yes}, true, false, 143, TLSStart},
		{"notls", DetectOptions{TLS: &no}, true, false, 143, TLSNone},
		{"nossl notls", DetectOptions{SSL: &no, TLS: &no}, true, false, 143, TLSNone},
		{"port 993", DetectOptions{Port: 993}, true, false, 993, TLSImplicit},
		{"port 993 nossl", DetectOptions{Port: 993, SSL: &no}, true, false, 993, TLSAuto},
		{"port 1143", DetectOptions{Port: 1143}, true, false, 1143, TLSAuto},
	} {
		dials := 0
		cfg := Config{Host: "mail.example.org", Timeout: 10 * time.Second}
		cfg.Dial = func(_ context.Context, _, addr string) (net.Conn, error) {
			dials++
			if !tt.open || addr != "mail.example.org:993" {
				return nil, fmt.Errorf("no connection to %s", addr)
			}
			a, b := net.Pipe()
			go func() {
				s := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}}) //nolint:gosec // a test
				_, _ = io.WriteString(s, "* OK hi\r\n")
				_ = b.Close()
			}()
			return a, nil
		}
		d, err := Detect(t.Context(), cfg, tt.o)
		if err != nil || d.Port != tt.port || d.Mode != tt.mode || d.Probed != tt.probed || (dials == 1) != tt.probed || d.Open != (tt.probed && tt.open) || (d.Err != nil) != (tt.probed && !tt.open) {
			t.Errorf("%s: %+v, %v, %d dials", tt.name, d, err, dials)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := Config{Host: "h", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { cancel(); return nil, ctx.Err() }}
	if _, err := Detect(ctx, cfg, DetectOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTLSOptionsThatCannotBe(t *testing.T) {
	for _, o := range []TLSOptions{{CAFile: "/nonexistent"}, {CertFile: "/nonexistent"}, {KeyFile: "x"}, {Fingerprint: "zz"}, {CAFile: "connect_test.go"}} {
		if _, err := o.Config("h"); err == nil {
			t.Errorf("%+v", o)
		}
	}
}

// TestCancelledWait: a call that waits ends with its context, and so does the
// connection; the cause is told.
func TestCancelledWait(t *testing.T) {
	cause := errors.New("Ctrl-C")
	c := connect(t, "", func(p *peer) { _, _ = io.ReadAll(p.r) })
	ctx, cancel := context.WithCancelCause(t.Context())
	go cancel(cause)
	err := c.Noop(ctx)
	var lost *ConnError
	if !errors.Is(err, cause) || errors.As(err, &lost) && lost.Timeout {
		t.Errorf("%v", err)
	}
	if c.Err() != nil { // the call may have ended before it sent anything
		if err := c.Noop(t.Context()); !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
	}
	_ = c.Close()
}

// TestCancelledBefore: a call with a context that is over does nothing.
func TestCancelledBefore(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.want("T1 NOOP")
		p.say("T1 OK\n")
		p.ended()
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Noop(ctx); !errors.Is(err, context.Canceled) || c.Err() != nil {
		t.Error(err, c.Err())
	}
	if err := c.Noop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

func TestTimeout(t *testing.T) {
	c := connectWith(t, func(cfg *Config) { cfg.Timeout = 100 * time.Millisecond }, "", func(p *peer) { _, _ = io.ReadAll(p.r) })
	err := c.Noop(t.Context())
	var lost *ConnError
	if !errors.As(err, &lost) || !lost.Timeout || !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "NOOP") {
		t.Errorf("%v", err)
	}
	if again := c.Noop(t.Context()); again != err { //nolint:errorlint // the very same
		t.Errorf("another error: %v", again)
	}
	_ = c.Close()
}

// TestFarewell: a server that says why and closes while we write.
func TestFarewell(t *testing.T) {
	c := connect(t, "LITERAL+", func(p *peer) {
		p.line()
		p.say("* 1 EXISTS\n* BYE [UNAVAILABLE] disk full\n")
	})
	a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Write(make([]byte, 1<<20))
	var lost *ConnError
	var r *Response
	if !errors.As(err, &lost) || !errors.As(err, &r) || r.Code != "UNAVAILABLE" || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("%v", err)
	}
	_ = c.Close()
}

// TestPipelineFlood has more commands in flight, and more replies to them, than
// any buffer holds, against a server that answers one before it reads the next.
func TestPipelineFlood(t *testing.T) {
	const n = 5000
	long := strings.Repeat("x", 200)
	c := connect(t, "LIST-STATUS", func(p *peer) {
		for i := 1; i <= n; i++ {
			p.want(fmt.Sprintf("T%d STATUS f%d.%s (MESSAGES)", i, i, long))
			p.say(fmt.Sprintf("* STATUS f%d.%s (MESSAGES %d)\nT%d OK\n", i, long, i, i))
		}
		p.ended()
	})
	ctx := t.Context()
	var all []*Pending[imap.StatusData]
	for i := 1; i <= n; i++ {
		p, err := c.StartStatus(ctx, fmt.Sprintf("f%d.%s", i, long), imap.StatusOptions{NumMessages: true})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	countTo(t, all)
	_ = c.Close()
}

// TestCompress talks over DEFLATE.
func TestCompress(t *testing.T) {
	for _, when := range []string{"asked", "at login"} {
		c := connectWith(t, func(cfg *Config) { cfg.Compress = when == "at login" }, "COMPRESS=DEFLATE", func(p *peer) {
			p.want("T1 COMPRESS DEFLATE")
			p.say("T1 OK\n")
			s := imapwire.NewStream(p.conn, imapwire.Options{})
			if err := s.StartDeflate(); err != nil {
				p.t.Error(err)
			}
			for i := 2; i <= 4; i++ {
				l, err := s.Line()
				if want := fmt.Sprintf("T%d NOOP", i); err != nil || string(l.Text) != want {
					p.t.Errorf("%q, %v", l.Text, err)
				}
				_, _ = fmt.Fprintf(s, "* %d EXISTS\r\nT%d OK\r\n", i, i)
				_ = s.Flush() // the client may leave before the last bytes of the flush
			}
			_, _ = io.ReadAll(p.conn)
		})
		ctx := t.Context()
		var err error
		if when == "asked" {
			err = c.Compress(ctx)
		} else {
			err = c.Login(ctx, Credentials{})
		}
		if err != nil || !c.Compressed() {
			t.Fatal(err)
		}
		for range 3 {
			if err := c.Noop(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.Counters(); n.In == n.NetIn {
			t.Errorf("%+v", n)
		}
		_ = c.Close()
	}
}
