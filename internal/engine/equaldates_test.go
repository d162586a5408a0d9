package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// Equal messages of host1 that came at different times share one of host2, which has the
// date of one of them: that is no sign of a restored backup, whatever host2 has made of it.
func TestEqualMessagesOfOtherDates(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]unsound.Change{
		"kept":   nil,
		"header": {unsound.Remove("Message-ID")},
		"body":   {unsound.Remove("Message-ID"), unsound.SevenBit},
		"footer": {unsound.Remove("Message-ID"), unsound.Footer("-- \r\nChecked.\r\n")},
	} {
		for order, days := range map[string][]int{"ascending": {30, 20, 10}, "descending": {10, 20, 30}} {
			t.Run(name+" "+order, func(t *testing.T) {
				t.Parallel()
				server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Changes: changes})
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
				var all []corpus.Message
				for _, d := range days {
					m := dated("mail", d)
					m.Body = append(m.Body, "caf\xe9 caf\xe9 caf\xe9\r\n"...)
					all = append(all, m)
				}
				put(t, a, "INBOX", all...)
				b.port = server.Port()
				options := []string{"--cachedir", t.TempDir()}
				migrate(t, a, b, options...).expect(t, 0)
				for range 2 {
					if again := migrate(t, a, b, options...); again.stats.Transferred != 0 {
						t.Errorf("%d messages in a further run\n%s", again.stats.Transferred, again.text)
					}
				}
				if n := mailtest.Snapshot(t, truth, b.user).Count(); n != 1 {
					t.Errorf("%d messages on host2", n)
				}
			})
		}
	}
}
