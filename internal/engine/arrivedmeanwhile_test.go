package engine_test

import (
	"fmt"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A message that arrives while a folder is listed does not make up in number for one that
// the server leaves out, with or without a word: that one is copied, and its copy stays.
func TestArrivalsMakeUpForNothing(t *testing.T) {
	t.Parallel()
	// The eighth message arrives when the folder is open, the second is left out.
	before := func(times int) []meddle.Rule {
		rules := []meddle.Rule{
			rule(meddle.Replace, `^\* 8 EXISTS`, "* 7 EXISTS"),
			rule(meddle.Replace, `^(\* OK \[UIDNEXT )9\]`, "${1}8]"),
			rule(meddle.Alter, `^(\S+ UID FETCH )1:\*( .*HEADER)`, "${1}1,3:*$2"),
		}
		for i := range rules {
			rules[i].Times = times
		}
		return rules
	}
	untold := rule(meddle.Replace, `^\* OK \[UIDNEXT.*`, "* OK hello")
	refused := rule(meddle.Replace, `^(\S+ )OK (.*FETCH)`, "${1}NO not all of $2")
	refused.Times = 1
	for _, c := range []struct {
		name  string
		rules []meddle.Rule
	}{
		{"left out once", before(1)},
		{"left out twice", before(2)},
		{"refused", append(before(1), refused)},
		{"refused, UIDNEXT untold", append(before(1), refused, untold)},
	} {
		// How many of the messages host2 has, and which side's server it is.
		for _, there := range []int{0, 7, 8} {
			for _, side := range []int{1, 2} {
				if (side == 2) != (there == 8) {
					continue
				}
				t.Run(fmt.Sprintf("%s, host%d, %d", c.name, side, there), func(t *testing.T) {
					t.Parallel()
					a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
					letters := mails("m", 8, 40)
					put(t, a, "INBOX", letters...)
					put(t, b, "INBOX", letters[:there]...)
					other := dated("other", 1) // once: its date is that of the moment
					put(t, a, "Other", other)
					put(t, b, "Other", other)
					from, to := a, b
					if side == 1 {
						from, _ = meddled(t, a, c.rules...)
					} else {
						to, _ = meddled(t, b, c.rules...)
					}
					for range 2 {
						var options []string
						if there > 0 { // without it folders are listed ahead of their turn
							options = append(options, "--delete2")
						}
						out := migrate(t, from, to, options...)
						out.expect(t, 0)
						if !out.stats.Good() || out.stats.Deleted[2] > 0 {
							t.Errorf("looks good: %v, %d deleted\n%s", out.stats.Good(), out.stats.Deleted[2], out.text)
						}
						same(t, a, b)
					}
				})
			}
		}
	}
}
