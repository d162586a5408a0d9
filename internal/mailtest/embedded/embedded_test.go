package embedded

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *Server) addr() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// greeting connects, reads the greeting and the capabilities.
func greeting(t *testing.T, conn net.Conn) string {
	t.Helper()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestHide(t *testing.T) {
	for _, hide := range [][]imap.Cap{nil, {imap.CapLiteralPlus, imap.CapUIDPlus}} {
		s := start(t, Options{Hide: hide})
		if err := s.AddUser("u", "p"); err != nil {
			t.Fatal(err)
		}
		c, err := imapclient.DialInsecure(s.addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Login("u", "p").Wait(); err != nil {
			t.Fatal(err)
		}
		caps, err := c.Capability().Wait()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []imap.Cap{imap.CapLiteralPlus, imap.CapUIDPlus} {
			_, has := caps[name]
			if want := hide == nil; has != want {
				t.Errorf("hide %v: %s is %v, want %v", hide, name, has, want)
			}
		}
	}
}

func TestTLSIsTrustedByItsCertificate(t *testing.T) {
	s := start(t, Options{})
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	for _, name := range []string{"localhost", "127.0.0.1"} {
		conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.TLSPort), &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer conn.Close()
		if got := greeting(t, conn); !strings.HasPrefix(got, "* OK") {
			t.Errorf("%s: greeting %q", name, got)
		}
	}
}

func TestFillHoldsEveryMessage(t *testing.T) {
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{})
	if err := s.AddUser("u", "p"); err != nil {
		t.Fatal(err)
	}
	if err := s.Fill("u", box); err != nil {
		t.Fatal(err)
	}
	c, err := imapclient.DialInsecure(s.addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("u", "p").Wait(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range box.Folders {
		data, err := c.Status(strings.Join(f.Path, "/"), &imap.StatusOptions{NumMessages: true}).Wait()
		if err != nil {
			t.Fatal(err)
		}
		n += int(*data.NumMessages)
	}
	if n != box.Count() {
		t.Errorf("%d messages, want %d", n, box.Count())
	}
}

func TestErrors(t *testing.T) {
	s := start(t, Options{})
	if err := s.AddUser("u", "p"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddUser("u", "p"); err == nil {
		t.Error("a user was added twice")
	}
	if err := s.Fill("nobody", corpus.Mailbox{}); err == nil {
		t.Error("an unknown user was filled")
	}
}

// Close leaves nothing behind, whatever state the clients are in.
func TestCloseEndsEverything(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		greeting(t, conn)
		conns = append(conns, conn)
	}
	s.Close()
	s.Close()
	for _, c := range conns {
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("an open connection gave %d bytes", n)
		}
		c.Close()
	}
}
