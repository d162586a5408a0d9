// Package embedded is an IMAP server on loopback inside this process, made of
// go-imap's imapserver and imapmemserver. It serves the demonstration and the
// self test of the program as well as tests, so it knows nothing of testing.
//
// What the in-memory store does differently from real servers: it returns all
// flags in lower case, lists no parents that were not created, answers CREATE
// without regard to USE, lets a session opened with EXAMINE change flags, gives
// every user the UIDVALIDITYs 1, 2, 3, ..., and runs one command at a time.
package embedded

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// Options change what the server offers.
type Options struct {
	// Hide are capabilities it shall not have, "LITERAL+" for example.
	// "LITERAL-" cannot be hidden.
	Hide []imap.Cap
	// Rev2 adds IMAP4rev2.
	Rev2 bool
	// KeepTorn keeps, as a message, what had come of one when the connection was
	// lost.
	KeepTorn bool
	// MessageLimit tells for each command for how many messages it is carried out; 0
	// for all, and so is nil.
	MessageLimit func() int
	// IPv6 listens on ::1.
	IPv6 bool
	// Listener is where clients come, in clear, instead of ports of this machine.
	Listener net.Listener
}

// Server is a running server. It listens in clear, with STARTTLS, and with TLS.
type Server struct {
	// Host is 127.0.0.1 or ::1.
	Host          string
	Port, TLSPort int

	cert    certificate
	store   *imapmemserver.Server
	imap    *imapserver.Server
	users   map[string]*imapmemserver.User
	usersMu sync.Mutex

	listeners []net.Listener
	accepting sync.WaitGroup
	open      connections
	stopping  sync.Once
}

// everything is what the store can do. Some of it is part of IMAP4rev2 and has
// to be named for IMAP4rev1.
var everything = []imap.Cap{
	imap.CapIMAP4rev1, imap.CapNamespace, imap.CapUIDPlus, imap.CapESearch, imap.CapListExtended,
	imap.CapListStatus, imap.CapMove, imap.CapStatusSize, imap.CapLiteralPlus,
}

// Start starts a server without users on free ports of this machine's loopback.
func Start(o Options) (*Server, error) {
	cert, err := o.certificate()
	if err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	host := "127.0.0.1"
	if o.IPv6 {
		host = "::1"
	}
	s := &Server{
		Host:  host,
		cert:  cert,
		store: imapmemserver.New(),
		users: make(map[string]*imapmemserver.User),
	}
	caps := make(imap.CapSet)
	for _, c := range everything {
		caps[c] = struct{}{}
	}
	if o.Rev2 {
		caps[imap.CapIMAP4rev2] = struct{}{}
	}
	for _, c := range o.Hide {
		delete(caps, c)
	}
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return o.limited(o.whole(s.store.NewSession())), nil, nil
		},
		Caps:         caps,
		Logger:       log.New(io.Discard, "", 0),
		TLSConfig:    cert.server(),
		InsecureAuth: true,
	})
	s.open.open = make(map[*conn]struct{})
	if o.Listener != nil {
		s.listeners = []net.Listener{o.Listener}
		s.serve(listener{o.Listener, &s.open})
		return s, nil
	}
	clear, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	overTLS, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		clear.Close()
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	s.Port = clear.Addr().(*net.TCPAddr).Port
	s.TLSPort = overTLS.Addr().(*net.TCPAddr).Port
	s.listeners = []net.Listener{clear, overTLS}
	s.serve(listener{clear, &s.open})
	s.serve(tls.NewListener(listener{overTLS, &s.open}, cert.server()))
	return s, nil
}

func (s *Server) serve(ln net.Listener) {
	s.accepting.Go(func() {
		// Serve returns when Close closes the listener; nobody could act on
		// another reason, and clients notice by themselves.
		_ = s.imap.Serve(ln)
	})
}

// Close ends all sessions and returns when their goroutines are through. A
// second Close does nothing.
func (s *Server) Close() {
	s.stopping.Do(func() {
		for _, ln := range s.listeners {
			ln.Close()
		}
		s.accepting.Wait()
		s.open.stop()
	})
}

// AddUser makes a user with an empty INBOX.
func (s *Server) AddUser(name, password string) error {
	s.usersMu.Lock()
	defer s.usersMu.Unlock()
	if s.users[name] != nil {
		return fmt.Errorf("embedded server: user %q exists", name)
	}
	user := imapmemserver.NewUser(name, password)
	if err := user.Create("INBOX", nil); err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	s.users[name] = user
	s.store.AddUser(user)
	return nil
}

// Fill stores the messages of a mailbox for a user, and subscribes its folders.
func (s *Server) Fill(name string, box corpus.Mailbox) error {
	s.usersMu.Lock()
	user := s.users[name]
	s.usersMu.Unlock()
	if user == nil {
		return fmt.Errorf("embedded server: no user %q", name)
	}
	for _, f := range box.Folders {
		folder := strings.Join(f.Path, "/")
		if folder != "INBOX" {
			if err := user.Create(folder, nil); err != nil {
				return fmt.Errorf("embedded server: folder %q: %w", folder, err)
			}
		}
		if !f.Unsubscribed {
			if err := user.Subscribe(folder); err != nil {
				return fmt.Errorf("embedded server: folder %q: %w", folder, err)
			}
		}
		for i, m := range f.Messages {
			options := &imap.AppendOptions{Flags: m.Flags, Time: m.Date}
			if _, err := user.Append(folder, literal{bytes.NewReader(m.Body)}, options); err != nil {
				return fmt.Errorf("embedded server: folder %q, message %d: %w", folder, i+1, err)
			}
		}
	}
	return nil
}

// literal is a message as the store takes it.
type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }
