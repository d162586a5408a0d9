package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// turnstile stands before a server and counts the sessions that are open at the same
// time, from the connection to the server's BYE or the end.
type turnstile struct {
	ln   net.Listener
	done sync.WaitGroup

	mu               sync.Mutex
	open, peak, come int
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
			s.enter()
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				s.leave()
				continue
			}
			s.done.Go(func() { s.carry(client, server) })
		}
	})
	return s
}

func (s *turnstile) carry(client, server net.Conn) {
	var once sync.Once
	leave := func() { once.Do(s.leave) }
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(server, client) // either end may close
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

func (s *turnstile) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	s.come++
	s.peak = max(s.peak, s.open)
}

func (s *turnstile) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
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
