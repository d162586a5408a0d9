package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A message that is expunged while the folder is listed comes from Dovecot without its header.
// That is no error where FETCH, SEARCH and the number of messages agree that it is gone; where
// the server does not say so it is one, and nothing is deleted.
func TestExpungedWhileListed(t *testing.T) {
	t.Parallel()
	half := "* 8 FETCH (UID 8 FLAGS () INTERNALDATE \"01-Jan-1970 00:00:00 +0000\" RFC822.SIZE 0 BODY[HEADER.FIELDS (MESSAGE-ID RECEIVED)] NIL)\r\n"
	counted := []meddle.Rule{
		rule(meddle.Replace, `^\* 7 EXISTS`, "* 8 EXISTS"),
		rule(meddle.Replace, `MESSAGES 7`, "MESSAGES 8"),
		rule(meddle.Replace, `UIDNEXT 8`, "UIDNEXT 9"),
	}
	says := func(text string) meddle.Rule {
		return rule(meddle.Insert, `^UID FETCH 1:\* .*HEADER`, text)
	}
	for _, c := range []struct {
		name  string
		rules []meddle.Rule
		code  int
	}{
		{"expunged", append([]meddle.Rule{says(half + "* 8 EXPUNGE\r\n")}, counted...), 0},
		{"arrived and expunged", []meddle.Rule{says("* 8 EXISTS\r\n" + half + "* 8 EXPUNGE\r\n")}, 0},
		{"not said to be gone", append([]meddle.Rule{says(half)}, counted...), 111},
		{"said to be there", append([]meddle.Rule{
			says(half + "* 8 EXPUNGE\r\n"),
			rule(meddle.Replace, `^(\* ESEARCH .* UID)`, "${1} ALL 8"),
		}, counted...), 111},
	} {
		for _, options := range []string{"--nousecache", "--delete2 --nousecache", "--nofoldersizes --delete1 --nousecache"} {
			t.Run(c.name+" "+options, func(t *testing.T) {
				t.Parallel()
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				letters := mails("m", 8, 40)
				put(t, a, "INBOX", letters[:7]...)
				put(t, b, "INBOX", letters[7])
				front, _ := meddled(t, a, c.rules...)
				out := migrate(t, front, b, strings.Fields(options)...)
				out.expect(t, c.code)
				want := 8
				if c.code == 0 && strings.HasPrefix(options, "--delete2") {
					want = 7
				}
				if n := holds(t, b, "INBOX")["m"]; n != want {
					t.Errorf("host2 has %d messages, want %d\n%s", n, want, out.text)
				}
			})
		}
	}
}
