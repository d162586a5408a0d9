package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
)

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
