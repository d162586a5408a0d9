package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// Where STATUS tells the size of a folder the sizes of its messages need not be asked for to
// see that nothing happened. A restored backup that has another message under one of the
// newest UIDs, of the same date on host1, is seen either way, and where STATUS tells the size
// no more.
func TestSizesThatStatusTells(t *testing.T) {
	t.Parallel()
	hidden := embedded.Options{Hide: []imap.Cap{imap.CapStatusSize}}
	for _, tc := range []struct {
		name         string
		first, later embedded.Options
		alike        bool // the other message is as large, and flags of the first are changed
	}{
		{"told", embedded.Options{}, embedded.Options{}, false},
		{"hidden", hidden, hidden, false},
		{"told once", embedded.Options{}, hidden, false},
		{"told later", hidden, embedded.Options{}, false},
		{"told, alike", embedded.Options{}, embedded.Options{}, true},
		{"hidden, alike", hidden, hidden, true},
	} {
		for _, side := range []event.Side{1, 2} {
			t.Run(fmt.Sprint(tc.name, side), func(t *testing.T) {
				t.Parallel()
				mail := mails("a", 30, 3)
				var options [3]embedded.Options
				options[side] = tc.first
				a, b := newAccount(t, mailtest.StartEmbedded(t, options[1])), newAccount(t, mailtest.StartEmbedded(t, options[2]))
				put(t, a, "A", mail...)
				journal := []string{"--cachedir", t.TempDir()}
				migrate(t, a, b, journal...).expect(t, 0)
				same(t, a, b)

				of := [...]account{1: a, 2: b}[side]
				backup := of
				backup.s = mailtest.StartEmbedded(t, tc.later)
				backup.password = backup.s.Called(t, of.user)
				other, name := dated("another message", 3), "another message"
				if tc.alike {
					other, name = dated("b27", 3), "b"
				}
				if other.Date = mail[27].Date; side == 2 || tc.alike {
					other.Date = mail[27].Date.Add(-time.Second) // with host1's it would be what options made of it
				}
				for uid, m := range mail {
					if uid == 27 {
						m = other
					}
					put(t, backup, "A", m)
				}
				if tc.alike {
					setFlag(t, backup, "A", 1, imap.FlagFlagged)
				}
				if x, y := mailtest.Snapshot(t, of.s, of.user).Folders["A"], mailtest.Snapshot(t, backup.s, backup.user).Folders["A"]; x.UIDValidity != y.UIDValidity || len(x.Messages) != len(y.Messages) {
					t.Fatal("the backup is not like what it was made of")
				}
				front, heard := meddled(t, of)
				run := func(there engine.Options) (out outcome, asked bool) {
					before := len(heard.Said())
					out = migrateWith(t, t.Context(), there, append(args(a, b), journal...)...)
					out.expect(t, 0)
					for _, command := range heard.Said()[before:] {
						asked = asked || strings.Contains(command, "UID FETCH") && strings.Contains(command, "RFC822.SIZE")
					}
					return out, asked
				}
				if out, asked := run(instead(side, front)); out.stats.Transferred > 0 || asked != (tc.first.Hide != nil) {
					t.Errorf("nothing changed, %d copied; sizes were asked for: %v", out.stats.Transferred, asked)
				}
				front, heard = meddled(t, backup)
				out, _ := run(instead(side, front))
				want := map[string]int{"a": 30, name: 1}
				if side == 2 {
					b = backup
				}
				wantHolds(t, "host2", out, holds(t, b, "A"), want)
				if out, _ := run(instead(side, front)); out.stats.Transferred+out.stats.FlagsChanged > 0 {
					t.Errorf("one more run does something\n%s", out.text)
				}
			})
		}
	}
}
