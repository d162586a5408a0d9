package engine_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// shared is what several connection pairs have to share.
func shared(messages, folders int) corpus.Mailbox {
	return corpus.Generate(corpus.Options{Seed: 11, Messages: messages, Folders: folders, MaxAttachment: 4 << 10, Distinct: true})
}

// inTurn hides what lets a client send messages without asking.
const inTurn = "hide=MULTIAPPEND,LITERAL+"

// TestConnectionsKeepMailboxesEqual copies over several connections to servers
// that take messages in every way there is.
func TestConnectionsKeepMailboxesEqual(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	const messages = 160
	box := shared(messages, 5)
	real, inside := newAccount(t, mailtest.Real(t, mailtest.Dovecot)), newAccount(t, onEmbedded()(t))
	mailtest.Fill(t, real.s, real.user, box)
	mailtest.Fill(t, inside.s, inside.user, box)
	for _, tc := range []struct {
		name string
		from account
		to   func(testing.TB) *mailtest.Server
		most int // connections that the pair bears
	}{
		{"MULTIAPPEND", real, onReal(mailtest.Dovecot), 10},
		{"LITERAL+", real, onReal(mailtest.Dovecot, "hide=MULTIAPPEND"), 10},
		{"in turn", real, onReal(mailtest.Dovecot, inTurn), 10},
		{"to embedded", real, onEmbedded(), 3},
		{"to embedded with LITERAL-", real, onEmbedded(imap.CapLiteralPlus), 3},
		{"from embedded in turn", inside, onReal(mailtest.Dovecot, inTurn), 3},
	} {
		for _, n := range []int{2, 3, 8} {
			t.Run(fmt.Sprintf("%s %d", tc.name, n), func(t *testing.T) {
				t.Parallel()
				b := distant(t, newAccount(t, tc.to(t)), time.Millisecond)
				options := []string{"--connections", fmt.Sprint(n), "--cachedir", t.TempDir()}
				first := migrate(t, tc.from, b.account, options...)
				first.expect(t, 0)
				if first.stats.Transferred != messages {
					t.Errorf("%d messages copied", first.stats.Transferred)
				}
				if got, most := b.line.Counts().Connections, min(n, tc.most); got > most || tc.name == "in turn" && got < 2 {
					t.Errorf("%d connections to host2, want up to %d", got, most)
				}
				if told := strings.Contains(first.text, fmt.Sprintf("--connections %d: %d are used", n, tc.most)); told != (n > tc.most) {
					t.Errorf("the limit is told: %v\n%s", told, first.text)
				}
				same(t, tc.from, b.account)
				second := migrate(t, tc.from, b.account, options...)
				second.expect(t, 0)
				if second.stats.Transferred != 0 {
					t.Errorf("the second run copied %d messages", second.stats.Transferred)
				}
			})
		}
	}
}

// remembering are the options of a run with a journal of its own, or without one.
func remembering(t testing.TB, journal bool) []string {
	if journal {
		return []string{"--cachedir", t.TempDir()}
	}
	return []string{"--nousecache"}
}

// TestConnectionsCut: connection pairs are lost while they work, of either side, be it
// the main one; the others and the next pass make up for it.
func TestConnectionsCut(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	box := shared(240, 6)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	for _, to := range []string{inTurn, "hide=MULTIAPPEND"} {
		for _, journal := range []bool{true, false} {
			for _, tc := range []struct {
				name   string
				side   event.Side
				faults []proxy.Fault
			}{
				{"two of host2", 2, []proxy.Fault{
					{Kind: proxy.Cut, Direction: proxy.ToServer, After: 30_000, Connection: 2},
					{Kind: proxy.Cut, Direction: proxy.ToClient, After: 3_000, Connection: 3},
				}},
				{"main of host2", 2, []proxy.Fault{{Kind: proxy.Cut, Direction: proxy.ToServer, After: 60_000, Connection: 1}}},
				{"two of host1", 1, []proxy.Fault{
					{Kind: proxy.Cut, Direction: proxy.ToClient, After: 40_000, Connection: 2},
					{Kind: proxy.Cut, Direction: proxy.ToClient, After: 20_000, Connection: 4},
				}},
				{"all of host2", 2, []proxy.Fault{{Kind: proxy.Cut, Direction: proxy.ToClient, After: 6_000}}},
			} {
				t.Run(fmt.Sprintf("%s %s journal %v", tc.name, to, journal), func(t *testing.T) {
					t.Parallel()
					a, b := distant(t, source, time.Millisecond), distant(t, newAccount(t, mailtest.Real(t, mailtest.Dovecot, to)), time.Millisecond)
					for _, f := range tc.faults {
						[3]*proxy.Proxy{1: a.line, 2: b.line}[tc.side].Add(f)
					}
					options := append(remembering(t, journal), "--connections", "4", "--nocompress1", "--nocompress2")
					first := attempt(t, a.account, b.account, options...)
					a.line.Clear()
					b.line.Clear()
					if first.code() != 0 {
						attempt(t, a.account, b.account, options...).expect(t, 0)
					}
					same(t, source, b.account)
				})
			}
		}
	}
}

// TestConnectionsRefused goes on with the connections there are, whatever reason a
// server gives for letting in no more, and dials no further.
func TestConnectionsRefused(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	box := shared(120, 2)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	narrow := newAccount(t, mailtest.Real(t, mailtest.Dovecot, "connections=3"))
	mailtest.Fill(t, narrow.s, narrow.user, box)
	const userIP = "no more than 3 can be opened (the server's limit is 3): "
	for _, tc := range []struct {
		name     string
		from     account
		to       []string
		refusal  string
		greeting string
		after    int // connections that host2 lets in
		hangUp   bool
		said     string
		attempts int // to connect to host2
	}{
		{name: "host2", from: source, to: []string{inTurn, "connections=3"}, said: userIP, attempts: 4},
		{name: "host1", from: narrow, to: []string{inTurn}, said: userIP, attempts: 4},
		{
			name: "words of Cyrus", from: source, to: []string{inTurn}, after: 3, attempts: 4,
			refusal: "NO Too many open connections (16 of 15 from HOST, 9 of 8 for USER)",
			said:    "no more than 3 can be opened (the server's limit is 8): ",
		},
		{
			name: "the password all at once", from: source, to: []string{inTurn}, after: 2, attempts: 3,
			refusal: "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", said: "no more than 2 can be opened: ",
		},
		{
			name: "at the door", from: source, to: []string{inTurn}, after: 2, attempts: 3,
			greeting: "* BYE Too many connections", said: "no more than 2 can be opened: ",
		},
		{name: "hanging up", from: source, to: []string{inTurn}, hangUp: true, said: "no more than 1 can be opened: ", attempts: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, tc.to...))
			target := b
			if tc.refusal != "" {
				target, _ = meddled(t, b, meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile("^LOGIN"), Text: tc.refusal, Skip: tc.after})
			}
			if tc.greeting != "" {
				target, _ = meddled(t, b, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* OK .* ready`), Text: tc.greeting, Skip: tc.after})
			}
			p, err := proxy.Start(proxy.Options{Target: target.addr(), Delay: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Close)
			if tc.hangUp {
				p.Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient, After: 0, Connection: 2})
			}
			target.port = p.Port()
			out := migrate(t, tc.from, target, "--connections", "6", "--cachedir", t.TempDir())
			out.expect(t, 0)
			if !strings.Contains(out.text, "--connections 6: "+tc.said) {
				t.Errorf("%q is not said\n%s", tc.said, out.text)
			}
			if strings.Contains(out.text, "sleeping") {
				t.Errorf("somebody rests\n%s", out.text)
			}
			if n := p.Counts().Connections; n != tc.attempts {
				t.Errorf("%d connections to host2, want %d", n, tc.attempts)
			}
			same(t, tc.from, b)
		})
	}
}

// TestConnectionsStopped: a run over several connection pairs that is asked to stop, told
// to end at once, or loses all its connections, leaves nothing running; the same command
// line brings the rest, with a journal and without.
func TestConnectionsStopped(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	box := shared(200, 5)
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	target := mailtest.Real(t, mailtest.Dovecot, inTurn)
	leaks := goleak.IgnoreCurrent() // the servers are shared, and stay
	for _, journal := range []bool{true, false} {
		for _, how := range []string{"stop", "cancel", "cut"} {
			for _, after := range []int64{1, 100} {
				name := fmt.Sprintf("%s after %d, journal %v", how, after, journal)
				a, b := distant(t, source, time.Millisecond), distant(t, newAccount(t, target), time.Millisecond)
				options := append(remembering(t, journal), "--connections", "4", "--reconnectretry1", "0", "--reconnectretry2", "0")
				stop := make(chan struct{})
				ctx, cancel := context.WithCancel(t.Context())
				strike := map[string]func(){
					"stop": func() { close(stop) }, "cancel": cancel,
					"cut": func() { go a.line.CutAll(); go b.line.CutAll() },
				}[how]
				var once sync.Once
				var seen atomic.Int64
				first := migrateWith(t, ctx, engine.Options{Stop: stop, Sink: func(e event.Event) {
					if _, ok := e.(event.MessageCopied); ok && seen.Add(1) >= after {
						once.Do(strike)
					}
				}}, append(args(a.account, b.account), options...)...)
				cancel()
				if how != "cut" && (first.fin.Stopped != "signal" || first.stats.Transferred >= 200) {
					t.Errorf("%s: stopped %q with %d copied\n%s", name, first.fin.Stopped, first.stats.Transferred, first.text)
				}
				second := attempt(t, a.account, b.account, options...)
				second.expect(t, 0)
				for _, line := range differences(t, source, b.account) {
					t.Errorf("%s: %s", name, line)
				}
				a.line.Close()
				b.line.Close()
			}
		}
	}
	goleak.VerifyNone(t, leaks)
}

// TestConnectionsShareTheBudget: large messages, streamed ones among them, over
// several connection pairs with the smallest budget.
func TestConnectionsShareTheBudget(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}, {Path: []string{"Work"}}}}
	for i := range 48 {
		size := []int{900 << 10, 3000, 1<<20 + 5000, 600 << 10}[i%4]
		f := &box.Folders[i%2]
		f.Messages = append(f.Messages, letter(fmt.Sprintf("large-%d", i), size, false))
	}
	source := newAccount(t, mailtest.Real(t, mailtest.Dovecot))
	mailtest.Fill(t, source.s, source.user, box)
	for _, to := range []string{inTurn, "hide=MULTIAPPEND", "format=maildir"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			b := newAccount(t, mailtest.Real(t, mailtest.Dovecot, to))
			out := migrate(t, source, b, "--connections", "8", "--buffersize", "1", "--cachedir", t.TempDir())
			out.expect(t, 0)
			if out.stats.Transferred != 48 {
				t.Errorf("%d messages copied\n%s", out.stats.Transferred, out.text)
			}
			same(t, source, b)
		})
	}
}
