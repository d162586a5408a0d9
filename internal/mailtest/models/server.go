package models

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/sockets"
)

// Server is a running model. Close it.
type Server struct {
	model    *Model
	ln       net.Listener
	open     sockets.Set
	done     sync.WaitGroup
	mu       sync.Mutex
	accounts map[string]*account
	conns    map[net.Conn]struct{}
}

// Start serves a model on a listener, which Close closes.
func Start(m *Model, ln net.Listener) *Server {
	s := &Server{model: m, ln: ln, accounts: make(map[string]*account), conns: make(map[net.Conn]struct{})}
	s.done.Go(s.accept)
	return s
}

// Close ends everything and returns when no goroutine is left.
func (s *Server) Close() {
	s.ln.Close()
	s.open.Close()
	s.done.Wait()
}

// Cut ends all connections, as a line does that is lost.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.ln.Accept()
		if err != nil {
			return
		}
		if !s.open.Keep(conn) {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		s.done.Go(func() {
			newSession(s, conn).run()
			s.open.Forget(conn)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// AddUser makes a user, with the folders that the provider makes in a language; "en" is
// one.
func (s *Server) AddUser(name, password, language string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[name] != nil {
		return fmt.Errorf("models: user %q exists", name)
	}
	s.accounts[name] = newAccount(s.model, password, language)
	return nil
}

func (s *Server) account(name string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[name]
}

// Folder makes a folder unless it is there. The name is that of LIST.
func (s *Server) Folder(user, name string, subscribed bool) {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	if b := a.box(name); b == nil {
		a.make(name).subscribed = subscribed
	}
}

// Put stores a message in folders, without limits and changes: in a model with labels
// as one message with several, in others as one for each. Bodies are taken as they are.
func (s *Server) Put(user string, m corpus.Message, names ...string) error {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	var one *Message
	for _, name := range names {
		b := a.box(name)
		if b == nil {
			return fmt.Errorf("models: no folder %q", name)
		}
		var flags []string
		deleted := false
		for _, f := range m.Flags {
			if f == `\Deleted` {
				deleted = true
				continue
			}
			flags = append(flags, string(f))
		}
		if one == nil || !a.model.Labels {
			a.lastID += 97
			one = &Message{Body: m.Body, Flags: sorted(flags), Date: m.Date, id: a.lastID}
		}
		if uid := a.labelled(b, one); deleted {
			b.find(uid).deleted = true
		}
	}
	return nil
}

// Label puts a message that one folder has, by its UID, into another one too, as a user
// does who gives it a label.
func (s *Server) Label(user, folder string, uid uint32, label string) {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.labelled(a.box(label), a.box(folder).find(uid).m)
}

// Empty takes all messages out of a folder, as another program does.
func (s *Server) Empty(user, folder string) {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.box(folder)
	for _, e := range b.entries {
		e.deleted = true
	}
	a.expunge(b, func(*entry) bool { return true })
}

// Renumber gives a folder another UIDVALIDITY and its messages other UIDs, as a server
// does that built its index anew.
func (s *Server) Renumber(user, folder string) {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.box(folder)
	a.lastUV++
	b.validity = a.lastUV
	for i, e := range b.entries {
		e.uid = uint32(len(b.entries) + i + 1)
		e.m.in[b] = e.uid
	}
	b.next = uint32(2*len(b.entries) + 1)
	b.version++
}

// Found is a message of a folder.
type Found struct {
	Message
	UID     uint32
	Deleted bool
}

// State is all that a user has: what is in each folder that holds mail, in order of
// UID.
func (s *Server) State(user string) map[string][]Found {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[string][]Found)
	for _, b := range a.boxes {
		if b.noSelect {
			continue
		}
		out[b.name] = []Found{}
		for _, e := range b.entries {
			f := Found{Message: *e.m, UID: e.uid, Deleted: e.deleted}
			f.Flags = slices.Clone(e.m.Flags)
			out[b.name] = append(out[b.name], f)
		}
	}
	return out
}

// Used is what clients made of an account.
type Used struct {
	// Down and Up are bytes of messages since the start.
	Down, Up int64
	// Connections is how many there were at one time, at most.
	Connections int
	// Pauses is how often the server asked to be left alone; Locked, that the limit of
	// a day was crossed.
	Pauses int
	Locked bool
	// Violations are what clients did that the server had told them not to do.
	Violations []string
}

// Used tells what clients made of an account so far.
func (s *Server) Used(user string) Used {
	a := s.account(user)
	a.mu.Lock()
	defer a.mu.Unlock()
	return Used{
		Down: a.use.downAll, Up: a.use.upAll, Connections: a.use.most, Pauses: a.use.pauses,
		Locked: !a.use.lockedUntil.IsZero() && time.Now().Before(a.use.lockedUntil.Add(day)), Violations: slices.Clone(a.use.violations),
	}
}
