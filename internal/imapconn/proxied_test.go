package imapconn

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/proxy"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// TestProxied: the connection goes through the proxy, names stay names, and the
// server behind it is no part of this machine, though the socket leads there.
func TestProxied(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, done := make(chan string, 9), make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		asked <- req.Host
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n* OK [CAPABILITY IMAP4rev1] hi\r\n")
		_, _ = io.ReadAll(r)
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	way, err := proxy.Parse("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Connect(t.Context(), Config{Side: 1, Host: "imap.example.org", Port: 143, Timeout: time.Minute, Proxy: way})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != "imap.example.org:143" {
		t.Errorf("asked for %q", got)
	}
	if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New("geheim")}); !errors.Is(err, ErrCleartext) {
		t.Errorf("a password in the clear: %v", err)
	}
	_ = c.Close()
}
