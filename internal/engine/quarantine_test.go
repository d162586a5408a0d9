package engine_test

import (
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What --delete2 takes is counted once, and put into quarantine once, whatever host2 can
// do; duplicates go there, too, and what differs from its like by a header line is none.
// The verdict counts what is there.
func TestDeletedOnHost2Once(t *testing.T) {
	t.Parallel()
	no := []imap.Cap{imap.CapUIDPlus, imap.CapMove}
	for _, c := range []struct {
		name    string
		hide    []imap.Cap
		options []string
		stays   bool // what was deleted stays, marked
	}{
		{"deleted", nil, nil, false},
		{"marked", nil, []string{"--nouidexpunge2"}, true},
		{"marked without UIDPLUS", no, nil, true},
		{"expunged without UIDPLUS", no, []string{"--expunge2"}, false},
		{"moved", nil, []string{"--quarantine2", "Q"}, false},
		{"moved without UIDPLUS", no[:1], []string{"--quarantine2", "Q"}, false},
		{"copied", no[1:], []string{"--quarantine2", "Q"}, false},
		{"copied without UIDPLUS", no, []string{"--quarantine2", "Q"}, true},
		{"copied and expunged without UIDPLUS", no, []string{"--quarantine2", "Q", "--expunge2"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: c.hide}))
			put(t, a, "INBOX", mails("kept", 4, 300)...)
			twin, like := dated("kept1", 300), dated("kept2", 300)
			like.Body = append([]byte("Resent-From: <ben@example.org>\r\n"), like.Body...)
			put(t, b, "INBOX", append([]corpus.Message{dated("kept1", 300), twin, dated("kept2", 300), like}, mails("old", 2, 300)...)...)
			run := append([]string{"--delete2"}, c.options...)
			for n, gone := range []int64{3, 0, 0} {
				dry := migrate(t, a, b, append([]string{"--dry"}, run...)...)
				out := migrate(t, a, b, run...)
				out.expect(t, 0)
				if out.stats.Deleted[2] != gone || dry.stats.WouldDelete[2] != gone {
					t.Errorf("run %d: %d deleted, %d foretold, not %d\n%s", n+1, out.stats.Deleted[2], dry.stats.WouldDelete[2], gone, out.text)
				}
				if !out.stats.Good() || !out.stats.Strict() || out.stats.Identified2 != 4 {
					t.Errorf("run %d: good %v, strict %v, %d on host2\n%s", n+1, out.stats.Good(), out.stats.Strict(), out.stats.Identified2, out.text)
				}
				there := holds(t, b, "INBOX")
				if there["kept"] != 5+count(c.stays) || there["old"] != 2*count(c.stays) {
					t.Errorf("run %d: %v", n+1, there)
				}
				if q := holds(t, b, "Q"); len(c.options) > 0 && c.options[0] == "--quarantine2" && (q["kept"] != 1 || q["old"] != 2) {
					t.Errorf("run %d: in quarantine: %v", n+1, q)
				}
			}
		})
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// A place for quarantine that host2 cannot have is told by a dry run, too.
func TestQuarantineOutsideTheNamespace(t *testing.T) {
	t.Parallel()
	mailtest.Kinds(t, mailtest.Dovecot)
	s := mailtest.Real(t, mailtest.Dovecot, "sep=.", "prefix=INBOX.")
	for _, c := range []struct {
		name string
		code int
	}{{"Quarantine", event.ExitErrors}, {"INBOX.Quarantine", 0}, {"inbox.Other", 0}} {
		a, b := newAccount(t, s), newAccount(t, s)
		put(t, a, "INBOX", mails("kept", 3, 300)...)
		put(t, b, "INBOX", append(mails("kept", 3, 300), mails("old", 2, 300)...)...)
		run := []string{"--delete2", "--quarantine2", c.name}
		dry := migrate(t, a, b, append(run, "--dry")...)
		dry.expect(t, c.code)
		out := migrate(t, a, b, run...)
		out.expect(t, c.code)
		went := holds(t, b, "INBOX")["old"] == 0
		if went != (c.code == 0) || dry.stats.RefusedDeletions != out.stats.RefusedDeletions || dry.stats.WouldDelete[2] != out.stats.Deleted[2] {
			t.Errorf("%s: moved %v; dry: %d would, %d not; run: %d, %d\n%s", c.name, went, dry.stats.WouldDelete[2], dry.stats.RefusedDeletions, out.stats.Deleted[2], out.stats.RefusedDeletions, out.text)
		}
		if c.code != 0 && !strings.Contains(dry.text, `--quarantine2 "INBOX.Quarantine"`) {
			t.Error(dry.text)
		}
	}
}
