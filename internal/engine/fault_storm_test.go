package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// Every connection to both hosts is cut somewhere, until a run gets through.
func TestStorm(t *testing.T) {
	t.Parallel()
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
