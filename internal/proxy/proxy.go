// Package proxy reaches a server through a proxy: SOCKS 5 (RFC 1928) or HTTP's
// CONNECT (RFC 9110 section 9.3.6).
package proxy

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	netproxy "golang.org/x/net/proxy"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Server is a proxy.
type Server struct {
	// Scheme is socks5 (names are resolved here), socks5h (by the proxy) or http
	// (CONNECT, names are resolved by the proxy).
	Scheme string
	// Addr is host and port.
	Addr string

	user     string
	password secret.Secret
}

// ports are the usual ones.
var ports = map[string]string{"socks5": "1080", "socks5h": "1080", "http": "8080"}

// Parse reads a URL such as socks5h://user:password@proxy.example.org:1080. Its
// errors do not quote it, since it may hold a password.
func Parse(raw string) (*Server, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, errors.New("not a URL such as socks5h://proxy.example.org:1080")
	}
	s := &Server{Scheme: strings.ToLower(u.Scheme)}
	port, ok := ports[s.Scheme]
	switch {
	case !ok:
		return nil, fmt.Errorf("proxies of the kind %q are not known; known are socks5, socks5h and http", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the name of the proxy is missing")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("something follows host and port")
	}
	if p := u.Port(); p != "" {
		port = p
	}
	s.Addr = net.JoinHostPort(u.Hostname(), port)
	if u.User != nil {
		s.user = u.User.Username()
		if p, ok := u.User.Password(); ok {
			s.password = secret.New(p)
		}
	}
	return s, nil
}

// String is the URL without the password.
func (s *Server) String() string {
	who := ""
	if s.user != "" {
		who = s.user + "@"
	}
	return s.Scheme + "://" + who + s.Addr
}

// Bypassed tells why host is reached without a proxy, "" if it is not: names and
// addresses of this machine, and those of noProxy (the form of the environment
// variable NO_PROXY: names with the names below them, addresses, networks, "*").
func Bypassed(host string, port int, noProxy string) string {
	if isLoopback(host) {
		return "it is this machine"
	}
	// The package knows the rules of NO_PROXY and asks for some proxy.
	c := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: noProxy}
	u := &url.URL{Scheme: "https", Host: net.JoinHostPort(host, fmt.Sprint(port))}
	if way, err := c.ProxyFunc()(u); err == nil && way == nil {
		return "NO_PROXY names it"
	}
	return ""
}

func isLoopback(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}

// Dial connects to addr (host and port) on network "tcp", "tcp4" or "tcp6".
// connect opens the socket to the proxy, which is returned when the proxy has
// connected it. The time for the dialogue with the proxy is limited by timeout, 0
// for not.
func (s *Server) Dial(ctx context.Context, connect func(ctx context.Context, addr string) (net.Conn, error), network, addr string, timeout time.Duration) (net.Conn, error) {
	targets := []string{addr}
	if s.Scheme == "socks5" {
		var err error
		if targets, err = resolve(ctx, network, addr); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, target := range targets {
		sock, err := connect(ctx, s.Addr)
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", s, err)
		}
		if err = s.handshake(ctx, sock, target, timeout); err == nil {
			return sock, nil
		}
		_ = sock.Close() // the reason is err
		errs = append(errs, fmt.Errorf("proxy %s, to %s: %w", s, target, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// handshake asks the proxy on sock for a connection.
func (s *Server) handshake(ctx context.Context, sock net.Conn, target string, timeout time.Duration) error {
	if timeout > 0 {
		if err := sock.SetDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = sock.SetDeadline(time.Unix(1, 0)) })
	err := s.ask(ctx, sock, target)
	// What speaks SOCKS watches ctx, too, and may have been told first.
	if !stop() || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return sock.SetDeadline(time.Time{})
}

// dialsWith is what x/net's SOCKS dialer can do with a socket that is there.
type dialsWith interface {
	DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
}

func (s *Server) ask(ctx context.Context, sock net.Conn, target string) error {
	if s.Scheme == "http" {
		return s.connectMethod(sock, target)
	}
	var auth *netproxy.Auth
	if s.user != "" {
		auth = &netproxy.Auth{User: s.user, Password: s.password.Reveal()}
	}
	d, err := netproxy.SOCKS5("tcp", s.Addr, auth, nil)
	if err != nil {
		return err
	}
	with, ok := d.(dialsWith)
	if !ok {
		return errors.New("the library of SOCKS has changed")
	}
	_, err = with.DialWithConn(ctx, sock, "tcp", target)
	return err
}

// connectMethod is HTTP's CONNECT. What follows the answer belongs to the server,
// which may speak first: the answer is read byte by byte.
func (s *Server) connectMethod(sock net.Conn, target string) error {
	head := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if s.user != "" {
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(s.user+":"+s.password.Reveal())) + "\r\n"
	}
	if _, err := sock.Write([]byte(head + "\r\n")); err != nil {
		return err
	}
	const most = 64 << 10
	var answer []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(answer[max(0, len(answer)-4):]), "\r\n\r\n"); {
		if len(answer) > most {
			return errors.New("the answer to CONNECT does not end")
		}
		if _, err := sock.Read(one); err != nil {
			return fmt.Errorf("waiting for the answer to CONNECT: %w", err)
		}
		answer = append(answer, one[0])
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(answer))), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("the answer to CONNECT cannot be read: %w", err)
	}
	defer resp.Body.Close() // empty
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("CONNECT was refused: %q", resp.Status)
	}
	return nil
}

// resolve gives the addresses of a host, those that network allows.
func resolve(ctx context.Context, network, addr string) ([]string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, strings.Replace(network, "tcp", "ip", 1), host)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, ip := range ips {
		out = append(out, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return out, nil
}
