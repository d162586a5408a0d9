package engine_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// hides does not show marks to whoever looks, so many times, 0 for ever: a replica that is
// behind.
func hides(times int) meddle.Rule {
	return meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^(\* \d+ FETCH .*FLAGS \([^)]*)\\Deleted`), Text: "$1", Times: times}
}

// stamped has UIDVALIDITYs be times, long ago.
var stamped = meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`UIDVALIDITY (\d)`), Text: "UIDVALIDITY 110000000$1"}

// Both sides are one mailbox, and one side is behind the other: nothing is deleted, and
// nothing looks different afterwards.
func TestOneMailboxReplicatedLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		options      []string
		first        []string // of a run before
		twice        bool
		one, two     []meddle.Rule
		dryTellsThat bool
	}{
		{"delete1", []string{"--delete1"}, nil, false, nil, []meddle.Rule{hides(1)}, false},
		{"without a journal", []string{"--delete1", "--nousecache"}, nil, false, nil, []meddle.Rule{hides(5)}, false},
		{"after a run", []string{"--delete1"}, []string{}, false, nil, []meddle.Rule{hides(3)}, false},
		{"after a refusal", []string{"--delete1"}, []string{"--delete1"}, false, nil, []meddle.Rule{hides(2)}, false},
		{"duplicates", []string{"--delete2duplicates"}, nil, true, []meddle.Rule{hides(4)}, nil, false},
		{"two UIDVALIDITYs", []string{"--delete1"}, nil, false, []meddle.Rule{stamped}, []meddle.Rule{hides(4)}, false},
		{"minutes behind", []string{"--delete1"}, []string{}, false, []meddle.Rule{stamped}, []meddle.Rule{stamped, hides(0)}, true},
		{"minutes behind, without a journal", []string{"--delete1", "--nousecache"}, nil, false, []meddle.Rule{stamped}, []meddle.Rule{stamped, hides(0)}, true},
		{"minutes behind, duplicates", []string{"--delete2duplicates"}, nil, true, []meddle.Rule{stamped, hides(0)}, []meddle.Rule{stamped}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x, _ := embeddedPair(t)
			box := mails("mail", 7, 300)
			if c.twice {
				box = append(box, box...)
			}
			put(t, x, "Work", box...)
			a, _ := meddled(t, x, c.one...)
			b, _ := meddled(t, x, c.two...)
			before := mailtest.Snapshot(t, x.s, x.user)
			if c.first != nil {
				migrate(t, a, b, c.first...)
			}
			out := migrate(t, a, b, c.options...)
			out.expect(t, event.ExitDeletionRefused)
			untouched(t, "the one account", before, mailtest.Snapshot(t, x.s, x.user))
			if dry := migrate(t, a, b, append(c.options, "--dry")...); c.dryTellsThat && dry.code() != event.ExitDeletionRefused {
				t.Errorf("a rehearsal: %d\n%s", dry.code(), dry.text)
			}
		})
	}
}

// Two mailboxes whose messages have the same UIDs, since both were stored in order, are
// two; where the UIDVALIDITY says otherwise a message of one of them alone does.
func TestTwoMailboxesAlike(t *testing.T) {
	t.Parallel()
	for _, rules := range [][]meddle.Rule{nil, {stamped}} {
		for _, options := range [][]string{{"--delete1"}, {"--delete1", "--nousecache"}} {
			t.Run(strings.Join(append(slices.Clone(options), map[bool]string{true: "stamped"}[rules != nil]), " "), func(t *testing.T) {
				t.Parallel()
				a, b := embeddedPair(t)
				box := mails("mail", 7, 300)
				put(t, a, "Work", box...)
				put(t, b, "Work", box...)
				a, _ = meddled(t, a, rules...)
				b, _ = meddled(t, b, rules...)
				if rules != nil {
					migrate(t, a, b, options...).expect(t, event.ExitDeletionRefused)
					if n := holds(t, a, "Work")["mail"]; n != 7 {
						t.Fatalf("%d are left", n)
					}
					put(t, b, "Work", mails("other", 1, 0)...)
				}
				out := migrate(t, a, b, options...)
				out.expect(t, 0)
				if holds(t, a, "Work")["mail"] != 0 || holds(t, b, "Work")["mail"] != 7 {
					t.Errorf("%v and %v\n%s", holds(t, a, "Work"), holds(t, b, "Work"), out.text)
				}
			})
		}
	}
}
