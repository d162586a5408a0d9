package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// Host2 tells UIDs of other messages that it just stored, which can all be true, and no key
// says which is which: nothing comes twice, and a flag that is set later goes to the message
// that has it on host1.
func TestToldUIDsOfNeighbours(t *testing.T) {
	t.Parallel()
	for _, fault := range []unsound.UIDFault{unsound.OneAbove, unsound.OneBelow, unsound.OfAnother, unsound.Repeated, unsound.Unordered} {
		for name, change := range map[string]unsound.Change{
			"kept":     nil,
			"Received": unsound.AddAbove("Received: from host2.example.org by store.example.org;\r\n\tMon, 1 Jan 2024 10:00:00 +0000\r\n"),
			"removed":  unsound.Remove("Message-ID"),
		} {
			for _, ids := range []string{"one", "two", "each"} {
				for _, hide := range []string{"ANNOTATE", "MULTIAPPEND"} {
					t.Run(fmt.Sprint(fault, " ", name, " ", ids, " ", hide), func(t *testing.T) {
						t.Parallel()
						neighbours(t, fault, change, ids, hide)
					})
				}
			}
		}
	}
}

func neighbours(t *testing.T, fault unsound.UIDFault, change unsound.Change, ids, hide string) {
	faults := unsound.Faults{AppendUID: fault, Hide: []string{hide}}
	if change != nil {
		faults.Changes = []unsound.Change{change}
	}
	server, _, truth := mailtest.StartUnsound(t, faults)
	a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
	var all []corpus.Message
	for i := range 5 {
		id := map[string]string{"one": "id", "two": fmt.Sprint("id", i%2), "each": fmt.Sprint("id", i)}[ids]
		m := dated(id, 100+i)
		m.Body = fmt.Appendf(m.Body, "This is number %d.\r\n", i)
		all = append(all, m)
	}
	put(t, a, "INBOX", all...)
	b.port = server.Port()
	options := []string{"--cachedir", t.TempDir()}
	out := migrate(t, a, b, options...)
	out.expect(t, 0)
	for i, flag := range []string{`\Flagged`, `\Answered`, `\Seen`, `\Draft`} {
		mailtest.Say(t, a.s, a.user, "SELECT INBOX", fmt.Sprintf("STORE %d +FLAGS (%s)", i+1, flag))
	}
	again := migrate(t, a, b, options...)
	again.expect(t, 0)
	now := mailtest.Snapshot(t, truth, b.user).Folders["INBOX"].Messages
	if len(now) != len(all) {
		t.Errorf("%d messages on host2\n%s\n%s", len(now), out.text, again.text)
	}
	for _, m := range mailtest.Snapshot(t, a.s, a.user).Folders["INBOX"].Messages {
		at := slices.IndexFunc(now, func(d mailtest.Message) bool { return d.Date.Equal(m.Date) })
		if at < 0 || !slices.Equal(now[at].Flags, m.Flags) {
			t.Errorf("host1's %d has %v, and its copy on host2 not\n%s\n%s", m.UID, m.Flags, out.text, again.text)
		}
	}
}

// What was told wrongly for one of several equal messages is set right for all of them:
// what gets that UID later is the copy of nothing.
func TestToldUIDsOfTwins(t *testing.T) {
	t.Parallel()
	for _, fault := range []unsound.UIDFault{unsound.OneAbove, unsound.FarAbove} {
		for _, first := range [][]string{nil, {"--useheader", "Message-ID"}, {"--syncduplicates"}} {
			t.Run(fmt.Sprint(fault, " ", first), func(t *testing.T) {
				t.Parallel()
				server, _, truth := mailtest.StartUnsound(t, unsound.Faults{AppendUID: fault})
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
				twin, later := dated("id", 100), dated("id", 90)
				later.Body = append(later.Body, "This is another one.\r\n"...)
				put(t, a, "INBOX", twin, twin)
				b.port = server.Port()
				options := []string{"--cachedir", t.TempDir()}
				migrate(t, a, b, options...).expect(t, 0)
				lose(t, a, "INBOX", 1)
				put(t, a, "INBOX", later)
				migrate(t, a, b, append(options, first...)...).expect(t, 0)
				out := migrate(t, a, b, options...)
				out.expect(t, 0)
				if n := mailtest.Snapshot(t, truth, b.user).Count(); n != 2 || out.stats.Transferred > 1 {
					t.Errorf("%d messages on host2\n%s", n, out.text)
				}
			})
		}
	}
}

// A message that came short stays known as such when its UID turns out to be another one.
func TestToldUIDOfAShortMessage(t *testing.T) {
	t.Parallel()
	server, _, truth := mailtest.StartUnsound(t, unsound.Faults{AppendUID: unsound.OneAbove})
	a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
	m := dated("short", 100)
	m.Body = append(m.Body, strings.Repeat("More of it.\r\n", 100)...)
	put(t, a, "INBOX", m)
	b.port = server.Port()
	front, _ := meddled(t, a, rule(meddle.Replace, `RFC822\.SIZE \d+`, "RFC822.SIZE 100000"))
	options := []string{"--cachedir", t.TempDir()}
	for range 3 {
		if out := migrate(t, front, b, options...); out.stats.Good() {
			t.Errorf("it looks good\n%s", out.text)
		}
	}
}
