// Package unsound is an IMAP server on loopback whose word cannot be relied on:
// it executes the text of messages that it refused, says OK and stores nothing,
// tells wrong UIDs, changes what it stores, loses messages, answers with old
// numbers and with lines that belong to nothing. Each fault has one switch, and
// they can be combined. Real servers have all of them; this one has them at will.
//
// It is a front that carries out one command after the other on a sound server
// (the package embedded), which keeps the mailboxes. That server's own port shows
// them as they are.
//
// The front speaks IMAP in clear, without STARTTLS and IDLE, and lets users in by
// LOGIN and AUTHENTICATE PLAIN. Literals other than messages must not hold line
// ends or NUL.
package unsound

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/sockets"
)

// Server is a running server. Close it.
type Server struct {
	// Sound is the server that keeps the mailboxes, and shows them without faults.
	Sound *embedded.Server

	faults Faults
	ln     net.Listener
	done   sync.WaitGroup
	open   sockets.Set

	// storing is held while messages are stored or lost, so that the UIDs told are
	// those that the messages got, or did not get.
	storing sync.Mutex

	mu        sync.Mutex
	passwords map[string]string
	seen      map[string]int
	struck    map[string]int
	executed  []string
	served    Served
	told      map[folder]uint32 // the last UID told
	forgotten []stored
	delivered int

	behind behind
}

// folder is one mailbox of one user.
type folder struct{ user, name string }

// stored is a message by its place.
type stored struct {
	folder
	uid uint32
}

// Start starts a server without users on a free port of 127.0.0.1.
func Start(f Faults) (*Server, error) {
	sound, err := embedded.Start(embedded.Options{})
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		sound.Close()
		return nil, fmt.Errorf("unsound server: %w", err)
	}
	s := &Server{
		Sound: sound, faults: f, ln: ln,
		passwords: make(map[string]string), seen: make(map[string]int), struck: make(map[string]int),
		told: make(map[folder]uint32),
	}
	s.served.Commands = make(map[string]int)
	s.behind.open = make(map[string]*upstream)
	s.done.Go(s.accept)
	return s, nil
}

// Port returns the port on which the server has its faults.
func (s *Server) Port() int { return s.ln.Addr().(*net.TCPAddr).Port }

// AddUser makes a user with an empty INBOX.
func (s *Server) AddUser(name, password string) error {
	s.mu.Lock()
	s.passwords[name] = password
	s.mu.Unlock()
	return s.Sound.AddUser(name, password)
}

// Close ends everything and returns when no goroutine is left.
func (s *Server) Close() {
	s.ln.Close()
	s.open.Close()
	s.done.Wait()
	s.Sound.Close()
}

// Struck tells how often each fault showed, by the name of its field in Faults.
func (s *Server) Struck() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.struck)
}

// Served is what clients had carried out.
type Served struct {
	// Commands are counted by their verb in upper case, "UID FETCH" for example.
	Commands map[string]int
	// Batch is the largest number of messages in one APPEND.
	Batch int
	// Arguments are literals that were no messages.
	Arguments int
	// Messages were stored by APPEND, Unselected of them in a folder that was not
	// selected then.
	Messages, Unselected int
	// Again counts messages that the folder had already, byte for byte, and Stale the
	// answers that StaleStatus would have changed. Both are told with Faults.Watch.
	Again, Stale int
}

// Served tells what clients had carried out so far.
func (s *Server) Served() Served {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.served
	out.Commands = maps.Clone(out.Commands)
	return out
}

// serve changes what Served tells.
func (s *Server) serve(change func(*Served)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.served)
}

// Executed returns the commands that were carried out and stood in literals.
func (s *Server) Executed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.executed)
}

// Delivered tells how many messages of its own the server stored. Their
// Message-Ids end in DeliveredDomain.
func (s *Server) Delivered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.delivered
}

// due counts an occasion for a fault, and tells whether it shows there.
func (s *Server) due(fault string, every Every) bool {
	if every <= 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[fault]++
	if s.seen[fault]%int(every) != 0 {
		return false
	}
	s.struck[fault]++
	return true
}

// note counts a fault that shows.
func (s *Server) note(fault string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.struck[fault]++
}

func (s *Server) execute(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executed = append(s.executed, command)
}

func (s *Server) accept() {
	for {
		client, err := s.ln.Accept()
		if err != nil {
			return
		}
		up, err := s.connect()
		if err != nil {
			client.Close()
			continue
		}
		if !s.open.Keep(client) {
			return
		}
		s.done.Go(func() {
			newSession(s, client, up).run()
			s.open.Forget(client, up.conn)
		})
	}
}

// connect opens a connection to the sound server, which ends with this one.
func (s *Server) connect() (*upstream, error) {
	up, err := dial(fmt.Sprintf("%s:%d", s.Sound.Host, s.Sound.Port))
	if err != nil {
		return nil, err
	}
	if !s.open.Keep(up.conn) {
		return nil, net.ErrClosed
	}
	return up, nil
}
