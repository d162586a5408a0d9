package engine_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// Host2 was restored from a backup, and has another version of a message under its UID, at
// the same UIDVALIDITY and with the same UIDNEXT: the same header, another body. The message
// is copied, or in doubt, and never deleted on host1 for it.
func TestAnotherVersionUnderTheUID(t *testing.T) {
	t.Parallel()
	bodies := map[string][2]string{
		"same size": {"Text one, and more of it.", "Text two, and more of it."},
		"longer":    {"Text one.", "Another text, which is longer."},
		"shorter":   {"This text was longer once than it is now.", "This text is shorter."},
		"behind":    {strings.Repeat("All is equal here.\r\n", 3000) + "But this." + strings.Repeat("\r\nAnd this.", 3000), strings.Repeat("All is equal here.\r\n", 3000) + "And that." + strings.Repeat("\r\nAnd this.", 3000)},
		"later":     {strings.Repeat("All is equal here.\r\n", 50) + "But this.", strings.Repeat("All is equal here.\r\n", 50) + "And that."},
	}
	for name, texts := range bodies {
		for _, other := range []bool{false, true} { // the date
			for _, at := range []int{0, 2, 5} {
				for _, steps := range [][]string{{"", "--delete1"}, {"--delete1"}, {"--delete1 --useheader Message-Id"}, {"--delete1 --nosyncinternaldates"}, {"--delete2", "--delete1"}, {"--delete1 --regexmess s/nothing/else/"}} {
					if strings.Contains(steps[0], "--regexmess") && !other {
						continue // nothing tells that it was not altered so
					}
					t.Run(fmt.Sprint(name, other, at, steps), func(t *testing.T) {
						t.Parallel()
						a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
						all := mails("mail", 6, 200)
						v := versions("mail"+fmt.Sprint(at), 200, texts[0], texts[1])
						v[1].Flags = []imap.Flag{imap.FlagFlagged}
						if all[at] = v[0]; other {
							v[1].Date = v[1].Date.AddDate(0, 0, 3)
						}
						put(t, a, "A", all...)
						migrate(t, a, b).expect(t, 0)
						backup := b
						backup.s = mailtest.StartEmbedded(t, embedded.Options{})
						backup.password = backup.s.Called(t, b.user)
						restored := append([]corpus.Message(nil), all...)
						restored[at] = v[1]
						put(t, backup, "A", restored...)
						if x, y := mailtest.Snapshot(t, b.s, b.user).Folders["A"], mailtest.Snapshot(t, backup.s, backup.user).Folders["A"]; x.UIDValidity != y.UIDValidity {
							t.Fatal("the backup has other numbers")
						}
						was, want := contents(t, a), sha256.Sum256(v[0].Body)
						if was[want] == 0 {
							t.Fatal("the digest is made in another way")
						}
						for _, step := range steps {
							out := migrateWith(t, t.Context(), instead(2, backup), append(args(a, b), strings.Fields(step)...)...)
							one, two := contents(t, a), contents(t, backup)
							for c := range was {
								if one[c]+two[c] == 0 {
									t.Fatalf("%s: a message is lost\n%s", step, out.text)
								}
								if two[c] > 1 {
									t.Errorf("%s: a message is there twice\n%s", step, out.text)
								}
							}
							if two[want] == 0 && out.code() == 0 && out.stats.Good() && (other && !strings.Contains(step, "nosync") || strings.Contains(step, "--delete1")) {
								t.Errorf("%s: it looks good\n%s", step, out.text)
							}
							if two[want] > 0 && strings.Contains(step, "--delete1") && out.code() == 0 && out.stats.Good() && len(one) > 0 {
								t.Errorf("%s: %d messages are left on host1", step, len(one))
							}
						}
					})
				}
			}
		}
	}
}
