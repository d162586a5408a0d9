package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// A connection that stays open and says nothing more ends by the time-out.
func TestStallAnywhere(t *testing.T) {
	for _, g := range targets {
		if g.mute {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			newLab(t, fromDovecot, g, faultBox(false), "--timeout", "0.7").sweep(t, proxy.Stall, 3)
		})
	}
}

// Without a journal a run still settles what it lost itself.
func TestCutAnywhereWithoutJournal(t *testing.T) {
	for _, g := range targets {
		if g.name == "dovecot" || g.name == "dovecot singles" || g.kind == mailtest.Mox {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				newLab(t, fromDovecot, g, faultBox(false), "--nousecache").sweep(t, proxy.Cut, 4)
			})
		}
	}
}

// A message that is streamed from one socket to the other is cut on either.
func TestCutWhileStreaming(t *testing.T) {
	for _, g := range targets {
		if !g.mute {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				newLab(t, fromDovecot, g, faultBox(true)).sweep(t, proxy.Cut, 4)
			})
		}
	}
}

// renamed is what the lab's --regexmess makes of a mailbox.
func renamed(box corpus.Mailbox) corpus.Mailbox {
	var out corpus.Mailbox
	for _, f := range box.Folders {
		g := f
		g.Messages = nil
		for _, m := range f.Messages {
			m.Body = bytes.Replace(m.Body, []byte("@example.org>\r\n\r\n"), []byte("@new.example.org>\r\n\r\n"), 1)
			m.Body = bytes.ReplaceAll(m.Body, []byte("not much more"), []byte("nothing more"))
			g.Messages = append(g.Messages, m)
		}
		out.Folders = append(out.Folders, g)
	}
	return out
}

// Messages that are altered on their way have another identity on host2 than on
// host1; what is in doubt is recognised nevertheless, and so it is by the next run.
func TestCutAnywhereWithAlteredMessages(t *testing.T) {
	for _, g := range targets {
		switch {
		case g.kind == mailtest.Courier, g.name == "dovecot synchronous":
			continue // as dovecot singles
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			box := faultBox(false)
			l := newLab(t, fromDovecot, g, box,
				"--regexmess", `s/\@example.org>\r\n\r\n/\@new.example.org>\r\n\r\n/`, "--regexmess", `s/not much more/nothing more/g`)
			l.want = func() []string {
				return mailtest.Diff(mailtest.Expected(l.b.s, renamed(box)), mailtest.Snapshot(t, l.b.s, l.b.user), mailtest.Known(l.b.s, l.b.s))
			}
			l.idle = true
			l.sweep(t, proxy.Cut, 5)
		})
	}
}

// Every connection to both hosts is cut somewhere, until a run gets through.
func TestStorm(t *testing.T) {
	box := faultBox(false)
	// Exact duplicates, which --syncduplicates carries over, are told apart by
	// nothing but their number.
	for i := range box.Folders {
		f := &box.Folders[i]
		f.Messages = append(f.Messages, f.Messages[0], f.Messages[1], f.Messages[0])
	}
	rounds := 6
	if mailtest.FullChaos() {
		rounds = 100
	}
	for _, g := range targets {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			r := mailtest.Chance(t, 5)
			l := newLab(t, fromDovecot, g, box, "--syncduplicates")
			said := l.dialogues(t)
			runs := 0
			for range rounds {
				l.empty(t)
				options := l.withJournal(t)
				for attempts := 1; ; attempts++ {
					a, pa := through(t, l.a)
					b, pb := through(t, l.b)
					if attempts <= 4 {
						for side, p := range map[int]*proxy.Proxy{1: pa, 2: pb} {
							for n := 1; n <= 3; n++ {
								d := proxy.Direction(r.IntN(2))
								// Past the login, or no run would get anywhere.
								p.Add(proxy.Fault{Kind: proxy.Cut, Direction: d, Connection: n, After: 400 + r.Int64N(int64(len(said[side][d])))})
							}
						}
					}
					out := attempt(t, a, b, options...)
					runs++
					pa.Close()
					pb.Close()
					if out.code() == 0 {
						break
					}
					if attempts > 4 {
						t.Fatalf("a run without faults ends with %d\n%s", out.code(), out.text)
					}
				}
				if lines := differences(t, l.a, l.b); len(lines) > 0 {
					t.Fatal(strings.Join(lines, "\n"))
				}
			}
			t.Logf("%d storms, %d runs", rounds, runs)
		})
	}
}

// A server that keeps the beginning of a message whose sending was interrupted
// has not got that message: it is sent again, and the torn one is told of.
func TestTornMessages(t *testing.T) {
	torn := mailtest.StartEmbedded(t, embedded.Options{KeepTorn: true})
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %v", killed), func(t *testing.T) {
			l := &lab{a: fromDovecot.account(t), b: newAccount(t, torn), options: []string{"--nocompress1", "--nocompress2"}}
			// Nothing is answered before the cut, which some servers would notice.
			mailtest.Fill(t, l.a.s, l.a.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{
				letter("four", 20000, false), letter("five", 300, false), alike(letter("fivefold", 400, false), "fivefold", "five"),
			}}}})
			wrote := l.dialogues(t)[2][proxy.ToServer]
			told, kept := 0, 0
			for _, part := range []int64{2, 3, 4, 5, 6, 7} {
				l.empty(t)
				// Inside the largest message.
				after := int64(bytes.Index(wrote, []byte("<four@example.org>"))) + 100 + 19000/part
				kind := proxy.Cut
				if killed {
					kind = proxy.Stall
				}
				b, p := through(t, l.b, proxy.Fault{Kind: kind, Direction: proxy.ToServer, After: after, Connection: 1})
				options := l.withJournal(t)
				if killed {
					interrupted(t, l.a, b, p, options...)
				}
				out := attempt(t, l.a, b, options...)
				out.expect(t, 0)
				p.Close()
				told += strings.Count(out.text, "is only the beginning of")
				for _, line := range differences(t, l.a, l.b) {
					if !strings.Contains(line, "<four@example.org>") || !strings.Contains(line, "too many") {
						t.Errorf("cut at %d: %s\n%s", after, line, out.text)
					}
					kept++
				}
			}
			if told != kept || kept == 0 {
				t.Errorf("%d torn messages are there, %d were told of", kept, told)
			}
		})
	}
}

// interrupted is a run that is ended at once, as by kill, when the proxy's fault
// strikes.
func interrupted(t testing.TB, a, b account, p *proxy.Proxy, options ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-p.Struck():
			cancel()
		case <-over:
		}
	}()
	out := migrateWith(t, ctx, engine.Options{Pause: func(int) time.Duration { return grace }}, append(args(a, b), options...)...)
	p.CutAll() // a stalled connection would hide from the server that the program has gone
	if ctx.Err() == nil {
		t.Errorf("the fault did not strike; the run ended with %d\n%s", out.code(), out.text)
	}
}

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

// Whatever happens to it, a run leaves no goroutine behind.
func TestNothingIsLeftRunning(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot)
	ann := newAccount(t, s)
	mailtest.Fill(t, s, ann.user, faultBox(true))
	leaks := goleak.IgnoreCurrent()
	r := mailtest.Chance(t, 5)
	for n := range 40 {
		ben := newAccount(t, s)
		p, err := proxy.Start(proxy.Options{Target: s.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		p.Add(proxy.Fault{Kind: proxy.FaultKind(n / 2 % 2), Direction: proxy.Direction(n / 4 % 2), After: 500 + r.Int64N(1<<20)})
		pair := [2]account{ann, ben}
		pair[n%2].port = p.Port()
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		if n%4 < 2 {
			go func() { // some are told to end when the fault strikes
				select {
				case <-p.Struck():
				case <-over:
				}
				cancel()
			}()
		}
		migrateWith(t, ctx, engine.Options{Pause: func(int) time.Duration { return time.Millisecond }},
			append(args(pair[0], pair[1]), "--timeout", "0.3", "--cachedir", t.TempDir())...)
		close(over)
		cancel()
		p.Close()
	}
	goleak.VerifyNone(t, leaks)
}
