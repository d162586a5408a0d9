package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// meddledLater is meddled, with rules that hold once the value is set. The journal belongs to
// the port, so a run before that has to go through the same front.
func meddledLater(t testing.TB, a account, rules ...meddle.Rule) (account, *atomic.Bool) {
	t.Helper()
	on := new(atomic.Bool)
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].If = func(string) bool { return on.Load() }
	}
	front, _ := meddled(t, a, rules...)
	return front, on
}

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
					front, on := meddledLater(t, a, c.rules...)
					if known {
						migrate(t, front, b).expect(t, 0)
					}
					put(t, a, "INBOX", letters[7])
					on.Store(true)
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

// A message that no listing has and no count tells of is found by its UID before --delete2
// deletes its copy on host2; one that is gone is not.
func TestHiddenAltogether(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{true, false} {
		for _, options := range []string{"--delete2", "--delete2 --useheader Message-Id", "--delete2 --delete2newmail", ""} {
			t.Run(fmt.Sprint(hidden, options), func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				put(t, a, "INBOX", mails("m", 8, 40)...)
				put(t, a, "Other", mails("o", 3, 40)...)
				front, on := meddledLater(t, a,
					rule(meddle.Replace, `^\* 8 EXISTS`, "* 7 EXISTS"),
					rule(meddle.Replace, `MESSAGES 8`, "MESSAGES 7"),
					rule(meddle.Alter, `^(\S+ UID FETCH )1:\*`, "${1}1,3:*"),
					rule(meddle.Replace, `^(\* ESEARCH .*ALL )1:8`, "${1}1,3:8"))
				migrate(t, front, b, strings.Fields(options)...).expect(t, 0)
				on.Store(hidden)
				want := 8
				if !hidden {
					mailtest.Say(t, a.s, a.user, "SELECT INBOX", `UID STORE 2 +FLAGS (\Deleted)`, "EXPUNGE")
					if options != "" {
						want = 7
					}
				}
				for run := range 2 {
					out := migrate(t, front, b, strings.Fields(options)...)
					out.expect(t, 0)
					if got := holds(t, b, "INBOX")["m"]; got != want {
						t.Errorf("run %d: %d messages on host2\n%s", run+1, got, out.text)
					}
				}
			})
		}
	}
}
