package imapconn

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// peer is the server's side of a dialogue written in a test. Its methods are
// called from its own goroutine; a dialogue that goes wrong ends the test's
// connection, so that nobody waits.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	got  []string // lines received
}

type wrong string

// line reads a line without its end.
func (p *peer) line() string {
	s, err := p.r.ReadString('\n')
	if err != nil {
		panic(wrong(fmt.Sprintf("read a line: %v", err)))
	}
	s = strings.TrimRight(s, "\r\n")
	p.got = append(p.got, s)
	return s
}

// want reads a line that must be this.
func (p *peer) want(s string) {
	if got := p.line(); got != s {
		panic(wrong(fmt.Sprintf("the client sent %q, want %q", got, s)))
	}
}

// bytes reads n bytes, of a literal.
func (p *peer) bytes(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.r, b); err != nil {
		panic(wrong(fmt.Sprintf("read %d bytes: %v", n, err)))
	}
	return string(b)
}

// say sends text; every \n gets its \r.
func (p *peer) say(text string) { p.raw(strings.ReplaceAll(text, "\n", "\r\n")) }

func (p *peer) raw(text string) {
	if _, err := io.WriteString(p.conn, text); err != nil {
		panic(wrong(fmt.Sprintf("send %.40q: %v", text, err)))
	}
}

// ended waits for the client to leave, with nothing more said.
func (p *peer) ended() {
	rest, _ := io.ReadAll(p.r)
	if len(rest) > 0 {
		panic(wrong(fmt.Sprintf("the client sent on: %.100q", rest)))
	}
}

// dialogue runs f as the server of a pipe and returns the Config to reach it.
// The test waits for f at its end.
func dialogue(t *testing.T, f func(*peer)) Config {
	t.Helper()
	done := make(chan struct{})
	cfg := pipeConfig(func(conn net.Conn) {
		defer close(done)
		defer func() { _ = conn.Close() }()
		defer func() {
			if e := recover(); e != nil {
				w, ok := e.(wrong)
				if !ok {
					panic(e)
				}
				t.Errorf("server: %s", string(w))
			}
		}()
		f(&peer{t: t, conn: conn, r: bufio.NewReader(conn)})
	})
	dialed := false
	dial := cfg.Dial
	cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed = true
		return dial(ctx, network, addr)
	}
	t.Cleanup(func() {
		if !dialed {
			return
		}
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("the server's side of the dialogue did not end")
		}
	})
	return cfg
}

// connect runs f behind a PREAUTH greeting with the capabilities.
func connect(t *testing.T, caps string, f func(*peer)) *Conn {
	t.Helper()
	return connectWith(t, nil, caps, f)
}

func connectWith(t *testing.T, change func(*Config), caps string, f func(*peer)) *Conn {
	t.Helper()
	cfg := dialogue(t, func(p *peer) {
		p.say("* PREAUTH [CAPABILITY IMAP4rev1 " + caps + "] hi\n")
		f(p)
	})
	if change != nil {
		change(&cfg)
	}
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
