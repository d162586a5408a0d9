package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A message that neither FETCH of all nor SEARCH names is missing in number, also while
// another one arrives: the run says so, and deletes neither the copy on host2 nor
// anything on host1 that depends on it.
func TestHiddenWhileAnotherArrives(t *testing.T) {
	t.Parallel()
	// The eighth message arrives when the folder is open, the second is hidden.
	hides := []meddle.Rule{
		rule(meddle.Replace, `^\* 8 EXISTS`, "* 7 EXISTS"),
		rule(meddle.Replace, `^(\* OK \[UIDNEXT )9\]`, "${1}8]"),
		rule(meddle.Alter, `^(\S+ UID FETCH )1:\*`, "${1}1,3:*"),
		rule(meddle.Replace, `^(\* ESEARCH .*ALL )1:8`, "${1}1,3:8"),
		rule(meddle.Replace, `^(\* SEARCH 1) 2`, "${1}"),
	}
	// The same of a server that does not tell UIDNEXT, but that a message has arrived.
	untold := append(slices.Clone(hides[2:]), hides[0], rule(meddle.Replace, `^\* OK \[UIDNEXT.*`, "* OK hello"),
		rule(meddle.Insert, `^UID (FETCH|SEARCH) `, "* 8 EXISTS\r\n"))
	// The same where FETCH of all is refused, so that messages are asked for in parts.
	refused := onceMore(rule(meddle.Refuse, `^UID FETCH \S+ .*HEADER`, "NO not all"), 0, 1)
	for _, c := range []struct {
		name  string
		rules []meddle.Rule
	}{
		{"UIDNEXT told", hides},
		{"untold", untold},
		{"refused", append(slices.Clone(hides), refused)},
	} {
		for _, options := range []string{"", "--nousecache", "--delete2", "--delete1", "--noabletosearch --maxage 900"} {
			for _, known := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s known %t", c.name, options, known), func(t *testing.T) {
					t.Parallel()
					a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
					letters := mails("m", 8, 40)
					put(t, a, "INBOX", letters[:7]...)
					if known {
						migrate(t, a, b).expect(t, 0)
					}
					put(t, a, "INBOX", letters[7])
					front, _ := meddled(t, a, c.rules...)
					for range 2 {
						out := migrate(t, front, b, strings.Fields(options)...)
						has1, has2 := holds(t, a, "INBOX"), holds(t, b, "INBOX")
						if has1["m"]+has2["m"] < 8 || known && has2["m"] < 7 {
							t.Errorf("host1 has %d, host2 %d\n%s", has1["m"], has2["m"], out.text)
						}
						if has2["m"] < 8 && (out.code() == 0 || out.stats.Good()) || has2["m"] > 8 {
							t.Errorf("host2 has %d, exit code %d, looks good: %v\n%s", has2["m"], out.code(), out.stats.Good(), out.text)
						}
					}
				})
			}
		}
	}
}
