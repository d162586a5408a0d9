package engine_test

import (
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What runs with --delete1 took from host1 is on host2 alone: no --delete2 takes it for
// surplus, whatever its options are, and however it left host1 after the mark of a run.
// What its owner deleted on host1 goes.
func TestMovedAwayIsNoSurplus(t *testing.T) {
	t.Parallel()
	no := []imap.Cap{imap.CapUIDPlus, imap.CapMove}
	for _, c := range []struct {
		name         string
		hide1, hide2 []imap.Cap
		first        []string
		between      func(t *testing.T, a account)
		then         []string
		there        bool // host2 has everything before the first run
	}{
		{name: "a part", first: []string{"--maxsize", "500"}},
		{name: "a part, everything allowed", first: []string{"--search", "NOT LARGER 600"}, then: []string{"--delete2newmail", "--delete2max", "100%"}},
		{name: "a part, identified in another way", first: []string{"--search", "SMALLER 500"}, then: []string{"--useheader", "Message-Id"}},
		{name: "present before", first: []string{"--search", "SMALLER 500"}, there: true},
		{name: "marked, expunged by a user", first: []string{"--maxsize", "500", "--noexpunge1"}, between: expungeAll, then: []string{"--syncduplicates"}},
		{name: "marked, expunged by a run", hide1: no, first: []string{"--maxsize", "500"}, then: []string{"--expunge1"}},
		{name: "no UIDs told", hide2: no, first: []string{"--maxsize", "500"}, then: []string{"--expunge2"}},
		{name: "into quarantine", first: []string{"--maxsize", "500"}, then: []string{"--quarantine2", "Q"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide1}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide2}))
			large := mails("large", 4, 90)
			for i := range large {
				large[i].Body = append(large[i].Body, strings.Repeat("More text.\r\n", 80)...)
			}
			for _, x := range []account{a, b} {
				if x == a || c.there {
					put(t, x, "INBOX", append(append([]corpus.Message(nil), large...), mails("moved", 5, 200)...)...)
				}
			}
			migrate(t, a, b, append([]string{"--delete1"}, c.first...)...).expect(t, 0)
			if c.between != nil {
				c.between(t, a)
			}
			deleting := append([]string{"--delete2"}, c.then...)
			migrate(t, a, b, deleting...).expect(t, 0)
			lose(t, a, "INBOX", 2)
			dry := migrate(t, a, b, append(deleting, "--dry")...)
			out := migrate(t, a, b, deleting...)
			out.expect(t, 0)
			wantHolds(t, "host2", out, holds(t, b, "INBOX"), map[string]int{"large": 3, "moved": 5})
			if n := strings.Count(out.text, "5 message(s) not deleted: runs moved them here with --delete1"); n != 1 || out.stats.Deleted[2] != 1 || dry.stats.WouldDelete[2] != 1 {
				t.Errorf("told %d times; %d deleted, %d foretold\n%s", n, out.stats.Deleted[2], dry.stats.WouldDelete[2], out.text)
			}
		})
	}
}

// expungeAll expunges INBOX as a mail program does.
func expungeAll(t *testing.T, x account) {
	h := handsOn(t, x)
	if _, err := h.c.Select(t.Context(), "INBOX", nil); err != nil {
		t.Fatal(err)
	}
	if err := h.c.Expunge(t.Context()); err != nil {
		t.Fatal(err)
	}
}
