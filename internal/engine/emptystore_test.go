package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// What is equal in two folders of host1 comes once to an empty mailbox of host2 that has two
// names; with --syncduplicates, and to two mailboxes that tell the same numbers, twice.
func TestEmptyStoreOfTwoNames(t *testing.T) {
	t.Parallel()
	for _, options := range []string{"", "--nousecache", "--delete2", "--delete2duplicates", "--syncduplicates", "two mailboxes", "two mailboxes --nousecache"} {
		t.Run(options, func(t *testing.T) {
			t.Parallel()
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			all := mails("m", 5, 100)
			put(t, a, "Sent", all[:4]...)
			put(t, a, "Gesendet", all[1:]...)
			put(t, a, "Other", mails("o", 3, 20)...)
			mailtest.Say(t, b.s, b.user, "CREATE Sent")
			front, want, two := b, 5, strings.HasPrefix(options, "two mailboxes")
			switch {
			case two:
				mailtest.Say(t, b.s, b.user, "CREATE Gesendet")
				want = 8
			case options == "--syncduplicates":
				front, want = underTwoNames(t, b), 8
			default:
				front = underTwoNames(t, b)
			}
			for run := range 3 {
				out := migrate(t, a, front, strings.Fields(strings.TrimPrefix(options, "two mailboxes"))...)
				out.expect(t, 0)
				got := holds(t, b, "Sent")["m"]
				if two {
					got += holds(t, b, "Gesendet")["m"]
				}
				if got != want || !out.stats.Good() || holds(t, b, "Other")["o"] != 3 {
					t.Errorf("run %d: %d messages, looks good: %v\n%s", run+1, got, out.stats.Good(), out.text)
				}
			}
		})
	}
}
