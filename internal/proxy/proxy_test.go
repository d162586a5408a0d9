package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]string{
		"socks5://proxy.example.org":                   "socks5://proxy.example.org:1080",
		"SOCKS5h://u:geheim@proxy.example.org:99/":     "socks5h://u@proxy.example.org:99",
		"http://[2001:db8::1]:3128":                    "http://[2001:db8::1]:3128",
		"http://proxy.example.org":                     "http://proxy.example.org:8080",
		"https://u:geheim@proxy.example.org":           "",
		"socks4://u:geheim@proxy.example.org":          "",
		"proxy.example.org:1080":                       "",
		"socks5://":                                    "",
		"socks5://:1080":                               "",
		"socks5://u:geheim@proxy.example.org/path":     "",
		"socks5://u:geheim@proxy.example.org:port":     "",
		"socks5://u:geheim@proxy.example.org?x=geheim": "",
	} {
		s, err := Parse(raw)
		switch {
		case want == "" && (err == nil || strings.Contains(err.Error(), "geheim")):
			t.Errorf("%s: %v, %v", raw, s, err)
		case want != "" && (err != nil || s.String() != want):
			t.Errorf("%s: %v, %v", raw, s, err)
		}
	}
}

func TestBypassed(t *testing.T) {
	const no = "example.org, .example.com,192.0.2.0/24,imap.example.net:143"
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "a.localhost": true, "LOCALHOST.": true, "::ffff:127.0.0.1": true,
		"example.org": true, "imap.example.org": true, "notexample.org": false, "imap.example.com": true, "192.0.2.7": true, "192.0.3.7": false, "imap.example.net": false,
	} {
		if got := Bypassed(host, 993, no) != ""; got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
	if Bypassed("imap.example.net", 143, no) == "" || Bypassed("imap.example.net", 993, "*") == "" || Bypassed("imap.example.net", 993, "") != "" {
		t.Error("port or star")
	}
}

// talk serves one connection and tells what was asked of it.
func talk(t *testing.T, serve func(net.Conn) string) (connect func(context.Context, string) (net.Conn, error), asked chan string) {
	t.Helper()
	asked = make(chan string, 9)
	return func(context.Context, string) (net.Conn, error) {
		a, b := net.Pipe()
		go func() { asked <- serve(b) }()
		t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
		return a, nil
	}, asked
}

// socks is a SOCKS server that wants user and password when they are given.
func socks(user, password string, status byte) func(net.Conn) string {
	return func(c net.Conn) string {
		read := func(n int) []byte {
			b := make([]byte, n)
			_, _ = io.ReadFull(c, b)
			return b
		}
		methods := read(int(read(2)[1]))
		if user != "" {
			if !strings.Contains(string(methods), "\x02") {
				return "no password offered"
			}
			_, _ = c.Write([]byte{5, 2})
			u := string(read(int(read(2)[1])))
			p := string(read(int(read(1)[0])))
			if u != user || p != password {
				_, _ = c.Write([]byte{1, 1})
				return "wrong password " + u
			}
			_, _ = c.Write([]byte{1, 0})
		} else {
			_, _ = c.Write([]byte{5, 0})
		}
		head := read(4)
		var host string
		switch head[3] {
		case 1:
			host = net.IP(read(4)).String()
		case 3:
			host = "name " + string(read(int(read(1)[0])))
		case 4:
			host = net.IP(read(16)).String()
		}
		read(2)
		_, _ = c.Write([]byte{5, status, 0, 1, 0, 0, 0, 0, 0, 0})
		if status == 0 {
			go func() { _, _ = io.WriteString(c, "* OK hi\r\n") }()
		}
		return host
	}
}

func TestSOCKS(t *testing.T) {
	for raw, tt := range map[string]struct {
		addr, asked string
		status      byte
	}{
		"socks5h://proxy.example.org":              {"imap.example.org:993", "name imap.example.org", 0},
		"socks5h://u:geheim@proxy.example.org":     {"imap.example.org:993", "name imap.example.org", 0},
		"socks5://proxy.example.org":               {"192.0.2.7:993", "192.0.2.7", 0},
		"socks5h://u:geheim@other.example.org":     {"imap.example.org:993", "name imap.example.org", 4},
		"socks5h://u:wrong@proxy.example.org:1081": {"imap.example.org:993", "wrong password u", 0},
	} {
		s, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		user := ""
		if strings.Contains(raw, "@") {
			user = "u"
		}
		connect, asked := talk(t, socks(user, "geheim", tt.status))
		c, err := s.Dial(t.Context(), connect, "tcp", tt.addr, time.Minute)
		if got := <-asked; got != tt.asked {
			t.Errorf("%s: asked for %q", raw, got)
		}
		if bad := tt.status != 0 || strings.Contains(raw, "wrong"); bad {
			if err == nil || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), s.Addr) {
				t.Errorf("%s: %v", raw, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); line != "* OK hi\r\n" {
			t.Errorf("%s: %q, %v", raw, line, err)
		}
	}
}

func TestConnectMethod(t *testing.T) {
	for answer, good := range map[string]bool{
		"HTTP/1.1 200 Connection established\r\n\r\n* OK hi\r\n": true,
		"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n* OK hi\r\n":           true,
		"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n":     false,
		"220 smtp.example.org\r\n\r\n":                           false,
		"":                                                       false,
	} {
		connect, asked := talk(t, func(c net.Conn) string {
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return err.Error()
			}
			go func() {
				_, _ = io.WriteString(c, answer)
				if !good {
					_ = c.Close()
				}
			}()
			return req.Method + " " + req.Host + " " + req.Header.Get("Proxy-Authorization")
		})
		s, err := Parse("http://u:geheim@proxy.example.org:3128")
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Dial(t.Context(), connect, "tcp", "imap.example.org:993", time.Minute)
		if got := <-asked; got != "CONNECT imap.example.org:993 Basic dTpnZWhlaW0=" {
			t.Errorf("%q", got)
		}
		if (err == nil) != good {
			t.Errorf("%q: %v", answer, err)
		}
		if err != nil {
			continue
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); line != "* OK hi\r\n" {
			t.Errorf("%q, %v", line, err)
		}
	}
}

func TestDialIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	connect, _ := talk(t, func(c net.Conn) string {
		_, _ = c.Read(make([]byte, 1))
		cancel()
		return ""
	})
	s, err := Parse("socks5h://proxy.example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Dial(ctx, connect, "tcp", "imap.example.org:993", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What a proxy refuses for good is told apart from what may pass, and from nobody
// listening behind it.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		url                  string
		serve                func(net.Conn) string
		permanent, unlistend bool
	}{
		{"socks5h://proxy.example.org", socks("", "", 1), false, false},
		{"socks5h://proxy.example.org", socks("", "", 2), true, false},
		{"socks5h://proxy.example.org", socks("", "", 3), false, false},
		{"socks5h://proxy.example.org", socks("", "", 4), false, false},
		{"socks5h://proxy.example.org", socks("", "", 5), false, true},
		{"socks5h://proxy.example.org", socks("", "", 6), false, false},
		{"socks5h://proxy.example.org", socks("", "", 7), true, false},
		{"socks5h://proxy.example.org", socks("", "", 8), true, false},
		{"socks5h://proxy.example.org", socks("", "", 99), false, false},
		{"socks5h://u:wrong@proxy.example.org", socks("u", "right", 0), true, false},
		{"http://proxy.example.org", answers("400 Bad Request"), true, false},
		{"http://proxy.example.org", answers("403 Forbidden"), true, false},
		{"http://proxy.example.org", answers("407 Proxy Authentication Required"), true, false},
		{"http://proxy.example.org", answers("408 Request Timeout"), false, false},
		{"http://proxy.example.org", answers("429 Too Many Requests"), false, false},
		{"http://proxy.example.org", answers("451 Unavailable For Legal Reasons"), true, false},
		{"http://proxy.example.org", answers("502 Bad Gateway"), false, false},
		{"http://proxy.example.org", answers("503 Service Unavailable"), false, false},
		{"http://proxy.example.org", answers("nonsense"), false, false},
	} {
		connect, _ := talk(t, tt.serve)
		s, err := Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Dial(t.Context(), connect, "tcp", "imap.example.org:993", time.Minute)
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Permanent() != tt.permanent || errors.Is(err, syscall.ECONNREFUSED) != tt.unlistend {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// answers is a proxy that gives every CONNECT this status.
func answers(status string) func(net.Conn) string {
	return func(c net.Conn) string {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\n\r\n")
		return ""
	}
}
