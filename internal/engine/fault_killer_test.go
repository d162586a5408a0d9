package engine_test

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// trap carries connections to a target, and closes each over which a word comes
// in either direction.
type trap struct {
	ln   net.Listener
	done sync.WaitGroup
}

func newTrap(t testing.TB, target string, word []byte) *trap {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &trap{ln: ln}
	p.done.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close() // the program sees it, and that is the point
				continue
			}
			for _, way := range [][2]net.Conn{{server, client}, {client, server}} {
				p.done.Go(func() { carryUntil(way[0], way[1], word) })
			}
		}
	})
	t.Cleanup(func() {
		_ = ln.Close() // it was open
		p.done.Wait()
	})
	return p
}

func (p *trap) port() int { return p.ln.Addr().(*net.TCPAddr).Port }

// carryUntil copies until the word is seen, and then closes both.
func carryUntil(to, from net.Conn, word []byte) {
	defer to.Close()
	defer from.Close()
	var seen []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		seen = append(seen, buf[:n]...)
		if bytes.Contains(seen, word) || err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
		seen = seen[max(0, len(seen)-len(word)):]
	}
}

// A message that takes every connection down with it ends as one error; all the
// others get through.
func TestMessageThatEndsEveryConnection(t *testing.T) {
	t.Parallel()
	const word = "the-word-that-kills"
	for _, g := range []target{targets[0], targets[1], targets[2], targets[6]} {
		for side := event.Side(1); side <= 2; side++ {
			for _, big := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s host%d big %v", g.name, side, big), func(t *testing.T) {
					t.Parallel()
					l := newLab(t, fromDovecot, g, corpus.Mailbox{})
					box := faultBox(false)
					var many []corpus.Message
					for i := range 150 {
						many = append(many, letter(fmt.Sprintf("m%d", i), 500, false))
					}
					work := &box.Folders[1]
					work.Messages = append(append(work.Messages[:2:2], many...), work.Messages[2:]...)
					mailtest.Fill(t, l.a.s, l.a.user, box)
					want := mailtest.Snapshot(t, l.a.s, l.a.user)
					size := 900
					if big {
						size = 1<<20 + 1<<18
					}
					killers := []corpus.Message{letter("killer-1", size, false), letter("killer-2", 700, false)}
					for i := range killers {
						killers[i].Body = append(killers[i].Body, word+"\r\n"...)
					}
					// In front of everything, so that they are among many in flight.
					mailtest.Empty(t, l.a.s, l.a.user)
					work.Messages = append(append([]corpus.Message{work.Messages[0], killers[0]}, work.Messages[1:]...), killers[1])
					mailtest.Fill(t, l.a.s, l.a.user, box)
					a, b := l.a, l.b
					if side == 1 {
						a.port = newTrap(t, a.addr(), []byte(word)).port()
					} else {
						b.port = newTrap(t, b.addr(), []byte(word)).port()
					}
					out := attempt(t, a, b, l.withJournal(t)...)
					if out.code() == 0 || len(out.stats.Errors) != 2 || out.fin.Stopped != "" || out.fin.Fatal != nil {
						t.Errorf("exit code %d, %d errors, stopped %q, fatal %v; want 2 errors\n%s", out.code(), len(out.stats.Errors), out.fin.Stopped, out.fin.Fatal, out.text)
					}
					rules := mailtest.Known(l.a.s, l.b.s)
					for _, line := range mailtest.Diff(want, mailtest.Snapshot(t, l.b.s, l.b.user), rules) {
						t.Error(line)
					}
				})
			}
		}
	}
}
