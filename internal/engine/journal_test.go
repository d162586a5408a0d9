package engine_test

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// metered puts a counting proxy in front of an account's server.
func metered(t testing.TB, a account) (account, *proxy.Proxy) {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: a.s.Addr(), Transcript: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	a.port = p.Port()
	return a, p
}

// between returns what went over the proxy while f ran.
func between(p *proxy.Proxy, f func()) (turns int, commands map[string]int) {
	before := p.Counts()
	f()
	after := p.Counts()
	commands = make(map[string]int)
	for name, n := range after.Commands {
		if d := n - before.Commands[name]; d > 0 {
			commands[name] = d
		}
	}
	return after.Turns - before.Turns, commands
}

// loginTurns are the round trips up to the end of LOGIN: the greeting, and the
// login itself.
const loginTurns = 2

// A second run of an unchanged account asks each server for its folders and
// their counts, and selects none of them; a run after small changes looks only
// at the folders concerned.
func TestSecondRunCostsThreeRoundTrips(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus, mailtest.Mox) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			journal := []string{"--cachedir", t.TempDir()}
			a, pa := metered(t, newAccount(t, mailtest.Real(t, kind)))
			b, pb := metered(t, newAccount(t, mailtest.Real(t, mailtest.Dovecot, "sep=.", "prefix=INBOX.")))
			box := corpus.Generate(corpus.Options{Seed: 5, Messages: 300, Folders: 12, Distinct: true, PlainHeaders: true, MaxAttachment: 4096})
			mailtest.Fill(t, a.s, a.user, box)
			migrate(t, a, b, journal...).expect(t, 0)
			same(t, a, b)

			var second outcome
			turnsB, commandsB := between(pb, func() {
				turnsA, commandsA := between(pa, func() { second = migrate(t, a, b, journal...) })
				second.expect(t, 0)
				if turnsA > loginTurns+3 || commandsA["SELECT"]+commandsA["EXAMINE"] > 0 {
					t.Errorf("host1: %d round trips, %v\n%s", turnsA, commandsA, pa.Transcript(2, proxy.ToServer))
				}
			})
			if turnsB > loginTurns+3 || commandsB["SELECT"]+commandsB["EXAMINE"]+commandsB["UID STORE"] > 0 {
				t.Errorf("host2: %d round trips, %v\n%s", turnsB, commandsB, pb.Transcript(2, proxy.ToServer))
			}
			if second.stats.Transferred != 0 || !second.stats.Good() {
				t.Errorf("the second run:\n%s", second.text)
			}

			// One new message, one changed flag.
			mailtest.Fill(t, a.s, a.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{news()}}}})
			setFlag(t, a, "INBOX", 1, imap.FlagFlagged)
			var third outcome
			turnsB, commandsB = between(pb, func() {
				turnsA, commandsA := between(pa, func() { third = migrate(t, a, b, journal...) })
				third.expect(t, 0)
				// The one folder is looked at twice: for its newest messages, and for all flags.
				if turnsA > loginTurns+12 || commandsA["EXAMINE"] > 2 {
					t.Errorf("host1: %d round trips for one change, %v", turnsA, commandsA)
				}
			})
			if turnsB > loginTurns+12 {
				t.Errorf("host2: %d round trips for one change, %v", turnsB, commandsB)
			}
			if third.stats.Transferred != 1 {
				t.Errorf("%d messages copied, want 1\n%s", third.stats.Transferred, third.text)
			}
			same(t, a, b)
		})
	}
}

// news is a message that no generated mailbox has.
func news() corpus.Message {
	return corpus.Message{
		Body: []byte("From: ann@example.org\r\nTo: ben@example.org\r\nSubject: news\r\nMessage-ID: <news@example.org>\r\n\r\nWe have news.\r\n"),
		Date: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC),
	}
}

// What the journal knows of host2's own messages is compared with sizes, too, when
// the first run was told to.
func TestSizesInKeysAreRemembered(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	fill := func(x account, messages ...corpus.Message) {
		mailtest.Fill(t, x.s, x.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: messages}}})
	}
	fill(a, dated("both", 3))
	fill(b, dated("both", 3), dated("late", 2))
	migrate(t, a, b, "--noskipsize").expect(t, 0)
	fill(a, dated("late", 2))
	out := migrate(t, a, b, "--noskipsize")
	out.expect(t, 0)
	if n := out.stats.Transferred; n != 0 {
		t.Errorf("%d messages were copied that host2 has\n%s", n, out.text)
	}
}
