package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// Where nothing is deleted on host1, the tables of sizes alone tell, or without them the sizes
// of what was stored last, that a server keeps
// parts of messages: that is no run that looks good. What servers alter is one.
func TestPartsOfMessagesDoNotLookGood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		faults unsound.Faults
		code   int
	}{
		{"sound", unsound.Faults{}, 0},
		{"halves all", unsound.Faults{Halves: 1}, 111},
		{"halves, no STATUS=SIZE", unsound.Faults{Halves: 1, Hide: []string{"STATUS=SIZE"}}, 111},
		{"empties", unsound.Faults{Changes: []unsound.Change{func([]byte) []byte { return nil }}}, 111},
		{"takes the last line end", unsound.Faults{Changes: []unsound.Change{func(m []byte) []byte { return m[:len(m)-2] }}}, 0},
		{"adds and drops header lines", unsound.Faults{Changes: []unsound.Change{unsound.AddAbove("Received: from host2.example.org\r\n"), unsound.Remove("Message-ID")}}, 0},
		{"drops a header line", unsound.Faults{Changes: []unsound.Change{unsound.Remove("Message-ID")}}, 0},
		{"footer", unsound.Faults{Changes: []unsound.Change{unsound.Footer("-- \r\nChecked.\r\n")}}, 0},
		{"seven bits", unsound.Faults{Changes: []unsound.Change{unsound.SevenBit}}, 0},
		{"folds anew", unsound.Faults{Changes: []unsound.Change{unsound.Fold}}, 0},
	} {
		for _, tables := range []string{"", "--nofoldersizes", "--nofoldersizesatend"} {
			t.Run(c.name+tables, func(t *testing.T) {
				server, _, truth := mailtest.StartUnsound(t, c.faults)
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
				put(t, a, "INBOX", oddMails()...)
				b.port = server.Port()
				options := append([]string{"--cachedir", t.TempDir()}, strings.Fields(tables)...)
				out := migrate(t, a, b, options...)
				out.expect(t, c.code)
				if good := out.stats.Good(); good != (c.code == 0) {
					t.Errorf("looks good: %v\n%s", good, out.text)
				}
				again := migrate(t, a, b, options...)
				if good := again.stats.Good(); good != (c.code == 0) || again.stats.Transferred != 0 {
					t.Errorf("a further run looks good: %v, and copies %d\n%s", good, again.stats.Transferred, again.text)
				}
			})
		}
	}
}

// Sizes that host2 does not tell are unknown, and no sign of anything.
func TestUntoldSizesAreNoParts(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]meddle.Rule{
		"none":      rule(meddle.Replace, `^(\* \d+ FETCH .*?) ?RFC822\.SIZE \d+`, "$1"),
		"one alone": rule(meddle.Replace, `^(\* 2 FETCH .*?) ?RFC822\.SIZE \d+`, "$1"),
		"negative":  rule(meddle.Replace, `RFC822\.SIZE \d+`, "RFC822.SIZE -1"),
	} {
		t.Run(name, func(t *testing.T) {
			server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Hide: []string{"STATUS=SIZE"}})
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
			put(t, a, "INBOX", oddMails()...)
			b.port = server.Port()
			front, _ := meddled(t, b, r)
			out := migrate(t, a, front)
			out.expect(t, 0)
			if !out.stats.Good() {
				t.Errorf("it does not look good\n%s", out.text)
			}
		})
	}
}
