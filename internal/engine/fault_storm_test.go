package engine_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
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
				if lines := l.compare(t); len(lines) > 0 {
					t.Fatal(strings.Join(lines, "\n"))
				}
			}
			untouched(t, "host1", *l.source, mailtest.Snapshot(t, l.a.s, l.a.user))
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
	rounds := 16 // each combination twice
	if mailtest.FullChaos() {
		rounds = 40
	}
	for n := range rounds {
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

// anyCommand is every command behind the login.
var anyCommand = regexp.MustCompile(`^(UID|SELECT|EXAMINE|APPEND|CREATE|STATUS|SUBSCRIBE|NOOP|UNSELECT)`)

// everyNth has each n-th command of a connection to one side end in another way, from
// the first-th on.
func everyNth(n, first int) []meddle.Rule {
	kinds := []meddle.Rule{
		{Action: meddle.CutBefore},
		{Action: meddle.Refuse, Text: "NO [UNAVAILABLE] later"},
		{Action: meddle.CutAfter},
		{Action: meddle.Refuse, Text: "* BYE going down\r\nNO bye"},
		{Action: meddle.Truncate},
		{Action: meddle.Refuse, Text: "NO [INUSE] locked"},
	}
	count := first
	rules := make([]meddle.Rule, len(kinds))
	for i := range kinds {
		rules[i] = kinds[i]
		rules[i].Match = anyCommand
		rules[i].If = func(string) bool {
			if i == 0 {
				count++
			}
			return count%n == 0 && count/n%len(kinds) == i
		}
	}
	return rules
}

// Faults that follow each other without end, and strike whatever comes, are no fault of
// what they strike: no folder and no message is given up for them, and one run does all
// of it.
func TestFaultsThatNeverEnd(t *testing.T) {
	t.Parallel()
	for _, every := range []int{9, 31} {
		t.Run(fmt.Sprintf("one of %d commands", every), func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 120, 4)
			from, _ := meddled(t, a, everyNth(every, 0)...)
			to, _ := meddled(t, b, everyNth(every, every/2)...)
			out := attempt(t, from, to, "--cachedir", t.TempDir())
			out.expect(t, 0)
			if n := len(out.stats.Errors); n > 0 {
				t.Errorf("%d errors\n%s", n, out.text)
			}
			same(t, a, b)
		})
	}
}
