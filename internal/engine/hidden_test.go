package engine_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A server that opens a folder as empty though it has messages is found out: host1's
// are not left out in silence, and those of host2 are not sent again.
func TestFolderOpenedAsEmpty(t *testing.T) {
	t.Parallel()
	empty := meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* [1-9]\d* EXISTS`), Text: "* 0 EXISTS"}
	t.Run("host1", func(t *testing.T) {
		a, b := embeddedPair(t)
		put(t, a, "INBOX", mails("mail", 5, 10)...)
		front, _ := meddled(t, a, empty)
		for range 2 {
			out := migrate(t, front, b, "--delete1")
			out.expect(t, 111)
			if strings.Contains(out.text, "looks good") || holds(t, a, "INBOX")["mail"] != 5 {
				t.Errorf("host1: %v\n%s", holds(t, a, "INBOX"), out.text)
			}
		}
	})
	for _, options := range [][]string{nil, {"--delete1"}, {"--nousecache"}} {
		t.Run("host2 "+strings.Join(options, " "), func(t *testing.T) {
			a, b := embeddedPair(t)
			put(t, a, "INBOX", mails("mail", 5, 10)...)
			migrate(t, a, b).expect(t, 0)
			front, _ := meddled(t, b, empty)
			for range 2 {
				out := migrate(t, a, front, options...)
				out.expect(t, 111)
				if got := holds(t, b, "INBOX")["mail"]; got != 5 || holds(t, a, "INBOX")["mail"] != 5 {
					t.Errorf("host2 has %d messages\n%s", got, out.text)
				}
			}
		})
	}
	t.Run("emptied before the last run's end is known", func(t *testing.T) {
		a, b := embeddedPair(t)
		put(t, a, "INBOX", mails("mail", 5, 10)...)
		migrate(t, a, b).expect(t, 0)
		migrate(t, a, b, "--delete1").expect(t, 0)
		out := migrate(t, a, b)
		out.expect(t, 0)
		if got := holds(t, b, "INBOX")["mail"]; got != 5 {
			t.Errorf("host2 has %d messages\n%s", got, out.text)
		}
	})
	t.Run("stored in a folder that stays empty", func(t *testing.T) {
		a, b := embeddedPair(t)
		put(t, a, "INBOX", mails("mail", 5, 10)...)
		front, _ := meddled(t, b, empty)
		migrate(t, a, front, "--delete1")
		if got := holds(t, b, "INBOX")["mail"]; got != 5 {
			t.Errorf("host2 has %d messages", got)
		}
	})
}
