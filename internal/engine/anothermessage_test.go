package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// What host1 sends under the UID of another message is not copied in its place, nor is that
// one deleted; one that has other headers than were listed, and no other message's, is copied.
func TestBodiesOfOtherMessages(t *testing.T) {
	t.Parallel()
	swap := func(times int) []meddle.Rule {
		rules := []meddle.Rule{
			rule(meddle.Replace, `^(\* \d+ FETCH \(.*)UID 4( .*BODY\[\] )`, "${1}UID 94$2"),
			rule(meddle.Replace, `^(\* \d+ FETCH \(.*)UID 5( .*BODY\[\] )`, "${1}UID 4$2"),
			rule(meddle.Replace, `^(\* \d+ FETCH \(.*)UID 94( .*BODY\[\] )`, "${1}UID 5$2"),
		}
		for i := range rules {
			rules[i].Times = times
		}
		return rules
	}
	for _, c := range []struct {
		name       string
		rules      []meddle.Rule
		code, left int
	}{
		{"once", swap(1), 0, 0},
		{"always", append(swap(0),
			rule(meddle.Alter, `^(\S+ UID FETCH )4 (.*BODY\.PEEK\[\])`, "${1}94 $2"),
			rule(meddle.Alter, `^(\S+ UID FETCH )5 (.*BODY\.PEEK\[\])`, "${1}4 $2"),
			rule(meddle.Alter, `^(\S+ UID FETCH )94 (.*BODY\.PEEK\[\])`, "${1}5 $2")), event.ExitFetch, 2},
		{"fields in another form", []meddle.Rule{rule(meddle.Shorten, `^\* \d+ FETCH .*HEADER`, "20")}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			put(t, a, "INBOX", mails("m", 8, 40)...)
			keep := mailtest.Snapshot(t, a.s, a.user)
			front, _ := meddled(t, a, c.rules...)
			for _, option := range []string{"--nofoldersizes", "--delete1"} {
				out := migrate(t, front, b, option)
				out.expect(t, c.code)
				if out.stats.Good() != (c.code == 0) {
					t.Errorf("looks good: %v\n%s", out.stats.Good(), out.text)
				}
			}
			if n := inside(t, a); n != c.left {
				t.Errorf("host1 has %d messages, want %d", n, c.left)
			}
			migrate(t, a, b).expect(t, 0)
			for _, line := range mailtest.Diff(keep, mailtest.Snapshot(t, b.s, b.user), mailtest.Known(a.s, b.s)) {
				t.Error(line)
			}
		})
	}
}
