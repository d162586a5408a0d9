// Package mailtest gives tests their servers and their mail: real servers
// started by the scripts of testdata/servers, the embedded one, accounts filled
// with a described mailbox, and snapshots of accounts that can be compared.
//
// It speaks IMAP with a small client of its own. Nothing here imports the
// packages under test, so that what a test reads back is a second opinion.
package mailtest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/utf7"
)

// The kinds of servers.
const (
	Dovecot    = "dovecot"
	Cyrus      = "cyrus"
	Courier    = "courier"
	Mox        = "mox"
	Hoodiecrow = "hoodiecrow"
	Embedded   = "embedded"
)

// Server is a running IMAP server on loopback.
type Server struct {
	Kind string
	// Host is 127.0.0.1. Port speaks IMAP in clear and STARTTLS, TLSPort TLS.
	Host          string
	Port, TLSPort int
	// Prefix and Separator are those of the personal namespace, "INBOX." and
	// "." for example.
	Prefix, Separator string

	options []string
	addUser func(name, password string) error // nil: all users exist
	// dial opens a connection to a server that has no port.
	dial func(context.Context) (net.Conn, error)

	mu   sync.Mutex
	used int
	most int // users there are; 0: any number

	instance *instance // of a real server
}

// User returns the login name and password of an account that no other test in
// this process has had. It is empty, but for folders a server makes itself.
func (s *Server) User(t testing.TB) (user, password string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > 0 && s.used == s.most {
		t.Fatalf("all %d users of this %s are taken; start it with the option users=N", s.most, s.Kind)
	}
	s.used++
	user = fmt.Sprintf("u%d", s.used)
	if s.Kind == Mox {
		user += "@example.org"
	}
	password = Password(user)
	if s.addUser != nil {
		if err := s.addUser(user, password); err != nil {
			t.Fatal(err)
		}
	}
	return user, password
}

// Called is User with a name of the caller's choice, for servers whose users are
// made on demand.
func (s *Server) Called(t testing.TB, user string) (password string) {
	t.Helper()
	if s.addUser == nil {
		t.Fatalf("the users of %s have names already", s)
	}
	password = Password(user)
	if err := s.addUser(user, password); err != nil {
		t.Fatal(err)
	}
	return password
}

// free returns how many users are left.
func (s *Server) free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most == 0 {
		return 1 << 30
	}
	return s.most - s.used
}

// Password returns the password of a user of any server of this package.
func Password(user string) string {
	name, _, _ := strings.Cut(user, "@")
	return "secret-" + name
}

// Addr returns the host:port in clear.
func (s *Server) Addr() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// String names the server with its options, for the names of tests.
func (s *Server) String() string {
	return strings.Join(append([]string{s.Kind}, s.options...), ",")
}

// FolderName returns the server's own spelling of a path of decoded names:
// prefix, separator, modified UTF-7. A separator within a name becomes "_".
func (s *Server) FolderName(path []string) string {
	if len(path) == 1 && strings.EqualFold(path[0], "INBOX") {
		return "INBOX"
	}
	levels := make([]string, len(path))
	for i, name := range path {
		levels[i] = strings.ReplaceAll(utf7.Encode(name), s.Separator, "_")
	}
	return s.Prefix + strings.Join(levels, s.Separator)
}

// path is the reverse of FolderName.
func (s *Server) path(name string) []string {
	if strings.EqualFold(name, "INBOX") {
		return []string{"INBOX"}
	}
	levels := strings.Split(strings.TrimPrefix(name, s.Prefix), s.Separator)
	for i, level := range levels {
		levels[i] = utf7.Decode(level)
	}
	return levels
}
