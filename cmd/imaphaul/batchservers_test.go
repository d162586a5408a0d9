package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// turnstile stands before a server and counts the sessions that are open at the same
// time: those of which the client has not closed its end and the server has not said BYE.
// What the client has closed the system knows at once, and this process a moment later,
// in which others may come: so the system is asked (tcpClosed).
type turnstile struct {
	ln   net.Listener
	done sync.WaitGroup

	mu         sync.Mutex
	peak, come int

	// Above most (0: any number) those that are open are noted in crowds.
	most     int
	sessions map[*passing]bool
	crowds   []string
}

// passing is a session that goes through a turnstile.
type passing struct {
	client net.Conn
	since  time.Time
	login  string // its first command
}

func (p *passing) String() string {
	return fmt.Sprintf("%s since %s %q, closed: %v", p.client.RemoteAddr(), p.since.Format("05.000"), p.login, tcpClosed(p.client))
}

func newTurnstile(t *testing.T, target string) *turnstile {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &turnstile{ln: ln}
	t.Cleanup(func() {
		ln.Close()
		s.done.Wait()
	})
	s.done.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			p := s.enter(client)
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				s.leave(p)
				continue
			}
			s.done.Go(func() { s.carry(p, server) })
		}
	})
	return s
}

func (s *turnstile) carry(p *passing, server net.Conn) {
	client := p.client
	var once sync.Once
	leave := func() { once.Do(func() { s.leave(p) }) }
	var up sync.WaitGroup
	up.Go(func() {
		buf := make([]byte, 32<<10)
		for first := true; ; first = false {
			n, err := client.Read(buf)
			s.mu.Lock()
			if first {
				p.login = string(buf[:min(n, 100)])
			}
			s.mu.Unlock()
			if _, lost := server.Write(buf[:n]); err != nil || lost != nil { // either end may close
				break
			}
		}
		leave()
		server.Close()
	})
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		if bytes.HasPrefix(buf[:n], []byte("* BYE")) || bytes.Contains(buf[:n], []byte("\r\n* BYE")) || err != nil {
			leave() // before the client knows
		}
		if _, lost := client.Write(buf[:n]); err != nil || lost != nil {
			break
		}
	}
	client.Close()
	up.Wait()
}

func (s *turnstile) enter(client net.Conn) *passing {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &passing{client: client, since: time.Now()}
	if s.sessions == nil {
		s.sessions = make(map[*passing]bool)
	}
	s.sessions[p] = true
	s.come++
	open, who := 0, ""
	for p := range s.sessions {
		if !tcpClosed(p.client) {
			open++
		}
		who += "\n  " + p.String()
	}
	s.peak = max(s.peak, open)
	if s.most > 0 && len(s.sessions) > s.most {
		s.crowds = append(s.crowds, fmt.Sprintf("%s: %d, %d of them open%s", time.Now().Format("05.000"), len(s.sessions), open, who))
	}
	return p
}

func (s *turnstile) leave(p *passing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, p)
}

// TestBatchOnServers moves accounts between real servers, one of them read by more rows
// than the server bears connections of one user: it is never asked for more.
func TestBatchOnServers(t *testing.T) {
	const ceiling = 10 // what is known of Dovecot
	kinds := mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus, mailtest.Mox)
	if len(mailtest.Kinds(t, mailtest.Dovecot)) == 0 {
		t.Skip("there is nothing to read from")
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var options []string
			bears := fmt.Sprintf("connections=%d", ceiling)
			if kind == mailtest.Dovecot {
				options = append(options, bears) // one server for both: to start one takes longest
			}
			b := &batchBench{t: t, from: mailtest.Real(t, mailtest.Dovecot, bears), to: mailtest.Real(t, kind, options...), dir: t.TempDir()}
			one, _ := b.from.User(t)
			box := corpus.Generate(corpus.Options{Seed: 3, Messages: 2, Folders: 1})
			mailtest.Fill(t, b.from, one, box)
			all := 3
			if kind == mailtest.Dovecot {
				all = ceiling + 2
			}
			gate := newTurnstile(t, b.from.Addr())
			var rows []string
			for i := range all {
				to, _ := b.to.User(t)
				b.users, b.boxes = append(b.users, [2]string{one, to}), append(b.boxes, box)
				rows = append(rows, b.row(i, port(1, gate.ln.Addr().(*net.TCPAddr).Port)))
			}
			list := b.list(rows...)
			if code, said := b.call(list, "--jobs", fmt.Sprint(all)); code != 0 {
				t.Fatalf("code %d\n%s", code, said)
			}
			gate.mu.Lock()
			come, peak := gate.come, gate.peak
			gate.mu.Unlock()
			if come < all || peak > ceiling {
				t.Errorf("%d connections, %d at the same time, of %d that it bears", come, peak, ceiling)
			}
			for i, r := range b.results() {
				if r["tries"] != 1.0 || r["errors"] != 0.0 {
					t.Errorf("row %d: %v", i+1, r)
				}
				b.moved(i)
			}
			if code, said := b.call(list, "--jobs", "4"); code != 0 || !strings.Contains(said, "0 rows to run") {
				t.Errorf("code %d\n%s", code, said)
			}
		})
	}
}
