package doctor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

type imapCap = imap.Cap

// listen serves each connection of a port until the test ends.
func listen(t *testing.T, serve func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = c.Close() }(); serve(c) }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// says greets, and answers every command with the same words.
func says(greeting, answer string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, greeting)
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			tag, _, _ := strings.Cut(string(buf[:n]), " ")
			_, _ = io.WriteString(c, strings.ReplaceAll(answer, "TAG", tag))
		}
	}
}

func expired(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "imap.example.org"}, DNSNames: []string{"imap.example.org", "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(-1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// What is wrong with a port is told in words that lead to the remedy, with the exit
// code that a run would have, and in a short time; no password leaves.
func TestBadPorts(t *testing.T) {
	const good = "* OK [CAPABILITY IMAP4rev1] ready\r\n"
	const fine = "TAG OK done\r\n"
	yes := true
	closed, release, err := mailtest.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	cfg := expired(t)
	tests := []struct {
		name  string
		port  int
		ssl   *bool
		far   bool
		what  string
		code  int
		reach bool
	}{
		{name: "closed", port: closed, what: "nobody listens", code: event.ExitConnection1},
		{name: "mute", port: listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), what: "the port is open and says nothing", code: event.ExitConnection1},
		{name: "hangs up", port: listen(t, func(net.Conn) {}), what: "no IMAP server", code: event.ExitConnection1},
		{name: "a web server", port: listen(t, says("HTTP/1.0 400 Bad Request\r\n\r\n", "")), what: "no IMAP server", code: event.ExitConnection1},
		{name: "takes nobody", port: listen(t, says("* BYE too many connections from your address\r\n", "")), what: "too many connections from your address", code: event.ExitConnection1},
		{name: "no TLS from the first byte", port: listen(t, says(good, fine)), ssl: &yes, what: "does not speak TLS from the first byte", code: event.ExitTLS},
		{name: "no TLS at all", port: listen(t, says(good, fine)), far: true, what: "offers no TLS", code: event.ExitTLS, reach: true},
		{name: "expired", ssl: &yes, what: "it expired on", code: event.ExitTLS, reach: true, port: listen(t, func(c net.Conn) {
			s := tls.Server(c, cfg)
			says(good, fine)(s)
		})},
		{name: "mute behind TLS", ssl: &yes, what: "TLS failed", code: event.ExitTLS, port: listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent syncBuffer
			dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", tt.port))
				if err != nil {
					return nil, err
				}
				return &copied{Conn: c, to: &sent}, nil
			}
			a := plan.Account{Host: "127.0.0.1", Port: tt.port, SSL: tt.ssl, User: "alice", Password: secret.New("geheim"), Timeout: 300 * time.Millisecond}
			if tt.far {
				a.Host = "imap.example.org"
			}
			began := time.Now()
			r := Run(t.Context(), &plan.Plan{Host1: a}, Options{Open: opener(dial), Net: quiet})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(r.Problems) == 0 || !strings.Contains(r.Problems[0].What, tt.what) || r.Problems[0].Remedy == "" {
				t.Errorf("problems %+v", r.Problems)
			}
			if r.Ready || r.ExitCode() != tt.code {
				t.Errorf("ready %v, exit %d, want %d", r.Ready, r.ExitCode(), tt.code)
			}
			if r.Sides[0].Reached != tt.reach || r.Sides[0].LoggedIn {
				t.Errorf("reached %v, logged in %v", r.Sides[0].Reached, r.Sides[0].LoggedIn)
			}
			if strings.Contains(sent.String(), "geheim") || strings.Contains(sent.String(), "LOGIN") {
				t.Errorf("a login was sent: %q", sent.String())
			}
			if len(r.Next) == 0 {
				t.Error("nothing is said to run next")
			}
		})
	}
}

// A hostile server cannot write to the terminal, nor hide in JSON or in a transcript.
func TestHostileWords(t *testing.T) {
	port := listen(t, says("* OK [CAPABILITY IMAP4rev1 AUTH=PL\x1b[31mAIN X\x7f] \x1b]0;owned\x07 \xe2\x80\xae backwards for alice@example.org at 192.0.2.7 and 2001:db8::17\r\n", "* LIST () \"/\" \"\x1b[2J\"\r\nTAG OK \x1b[2J alice is in\r\n"))
	p := plan.Plan{Host1: plan.Account{Host: "127.0.0.1", Port: port, User: "alice", Password: secret.New("geheim"), Timeout: 2 * time.Second}}
	r := Run(t.Context(), &p, Options{Open: opener(nil), Net: quiet})
	for name, write := range map[string]func(io.Writer) error{"text": r.WriteText, "json": r.WriteJSON, "transcript": r.WriteTranscript} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexAny(b.Bytes(), "\x1b\x07\x7f"); i >= 0 || strings.Contains(b.String(), "\u202e") {
			t.Errorf("%s holds what a terminal obeys:\n%q", name, &b)
		}
		for _, secret := range []string{"geheim"} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
		if name == "transcript" {
			for _, private := range []string{"alice", "192.0.2.7", "db8"} {
				if strings.Contains(b.String(), private) {
					t.Errorf("the transcript holds %q:\n%s", private, &b)
				}
			}
		}
	}
}
