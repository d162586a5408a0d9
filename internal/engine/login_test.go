package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
)

// doorman is a server that answers LOGIN in a way of its own, and everything else
// with OK.
type doorman struct {
	port  int
	calls atomic.Int32
}

func startDoorman(t *testing.T, greeting string, login func(call int, tag string) (reply string, closes bool)) *doorman {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &doorman{port: l.Addr().(*net.TCPAddr).Port}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d.serve(c, greeting, login)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return d
}

func (d *doorman) serve(c net.Conn, greeting string, login func(int, string) (string, bool)) {
	defer c.Close()
	call := int(d.calls.Add(1))
	if _, err := io.WriteString(c, greeting); err != nil {
		return
	}
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		reply, closes := tag+" OK\r\n", false
		switch {
		case strings.HasPrefix(rest, "LOGIN "):
			reply, closes = login(call, tag)
		case strings.HasPrefix(rest, "LOGOUT"):
			closes = true
		}
		if _, err := io.WriteString(c, reply); err != nil || closes {
			return
		}
	}
}

const hello = "* OK [CAPABILITY IMAP4rev1] hi\r\n"

// TestFirstLogin: what a server does at LOGIN in place of an answer is told as what
// it is, and tried again as far as that can help.
func TestFirstLogin(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 5<<20)
	for name, tt := range map[string]struct {
		greeting string
		login    func(call int, tag string) (string, bool)
		code     int
		calls    int
		says     string
	}{
		"good at the third try": {hello, func(call int, tag string) (string, bool) {
			if call < 3 {
				return "* BYE come back later\r\n", true
			}
			return tag + " OK in\r\n", false
		}, event.ExitOK, 3, ""},
		"BYE":         {hello, func(int, string) (string, bool) { return "* BYE too busy\r\n", true }, event.ExitConnection1, 4, "BYE too busy"},
		"closed":      {hello, func(int, string) (string, bool) { return "", true }, event.ExitConnection1, 4, "LOGIN"},
		"long line":   {hello, func(int, string) (string, bool) { return "* " + long + "\r\n", true }, event.ExitConnection1, 4, "256 KiB"},
		"unanswered":  {hello, func(int, string) (string, bool) { return "* OK wait\r\n", false }, event.ExitConnection1, 4, "while reading"},
		"NO":          {hello, func(_ int, tag string) (string, bool) { return tag + " NO wrong\r\n", false }, event.ExitAuthenticateUser1, 1, "NO wrong"},
		"no IMAP":     {"220 smtp.example.org\r\n", nil, event.ExitConnection1, 1, "220 smtp"},
		"LOGIN taboo": {"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n", nil, event.ExitAuthenticateUser1, 1, "LOGINDISABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startDoorman(t, tt.greeting, tt.login)
			good := startDoorman(t, hello, func(_ int, tag string) (string, bool) { return tag + " OK in\r\n", false })
			pause := func(int) time.Duration { return time.Millisecond }
			timeout := "60"
			if name == "unanswered" {
				timeout = "0.3"
			}
			out := migrateWith(t, context.Background(), engine.Options{Pause: pause}, "--justlogin", "--nolog", "--pidfile", "", "--timeout1", timeout,
				"--host1", "127.0.0.1", "--port1", strconv.Itoa(d.port), "--user1", "a", "--password1", "x", "--nossl1", "--notls1",
				"--host2", "127.0.0.1", "--port2", strconv.Itoa(good.port), "--user2", "b", "--password2", "y", "--nossl2", "--notls2")
			if code := out.stats.ExitCode(); code != tt.code || int(d.calls.Load()) != tt.calls {
				t.Errorf("exit code %d after %d connections, want %d after %d\n%s", code, d.calls.Load(), tt.code, tt.calls, out.text)
			}
			if !strings.Contains(out.text, tt.says) || tt.code == event.ExitConnection1 && strings.Contains(out.text, "check --user1") {
				t.Errorf("%s", fmt.Sprintf("%.3000s", out.text))
			}
		})
	}
}
