package engine_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// twin is one of several messages with one key and one size.
func twin(word string) corpus.Message {
	return corpus.Message{Body: []byte("From: ann@example.org\r\nMessage-ID: <twin@example.org>\r\n\r\n" + word + ".\r\n"), Date: time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)}
}

// found reports which of the messages a folder has.
func found(t testing.TB, x account, folder string, all ...corpus.Message) (n int) {
	t.Helper()
	f := mailtest.Snapshot(t, x.s, x.user).Folders[folder]
	for _, m := range all {
		for i := 0; f != nil && i < len(f.Messages); i++ {
			if f.Messages[i].Digests[0] == sha256.Sum256(m.Body) {
				n++
				break
			}
		}
	}
	return n
}

// Folders whose names host2 does not tell apart are one folder there, in everything that
// is known of its messages: of two with one key and one size both come over, whichever
// folder is there first, and whoever brought the other one.
func TestNamesThatHost2TakesForOne(t *testing.T) {
	t.Parallel()
	ignoresCase := rule(meddle.Alter, `(?i)"?projects"?`, "Projects")
	exchange := rule(meddle.Replace, `^\* OK \[CAPABILITY ([^\]]*)\].*`, "* OK [CAPABILITY $1] The Microsoft Exchange IMAP4 service is ready.")
	for _, greeting := range []bool{false, true} {
		for _, c := range []string{"at once", "the second later", "one there before", "two accounts"} {
			for _, option := range []string{"--delete1", "--delete2"} {
				t.Run(fmt.Sprintf("%s, %v, %s", c, greeting, option), func(t *testing.T) {
					t.Parallel()
					server := mailtest.StartEmbedded(t, embedded.Options{})
					a, b, other := newAccount(t, server), newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, server)
					rules := []meddle.Rule{ignoresCase}
					if greeting {
						rules = append(rules, exchange)
					}
					host2, _ := meddled(t, b, rules...)
					second := a
					if c == "two accounts" {
						second = other
					}
					if c == "one there before" {
						put(t, b, "Projects", dated("before", 3))
					}
					put(t, a, "PROJECTS", twin("alpha"))
					if c == "the second later" || c == "two accounts" {
						migrate(t, a, host2).expect(t, 0)
					}
					put(t, second, "projects", twin("gamma"))
					dry := migrate(t, second, host2, option, "--dry")
					out := migrate(t, second, host2, option)
					out.expect(t, 0)
					if found(t, b, "Projects", twin("alpha"), twin("gamma")) != 2 {
						t.Errorf("one of them is missing\n%s\nforetold\n%s", out.text, dry.text)
					}
					again := migrate(t, second, host2, option)
					again.expect(t, 0)
					if n := again.stats.Transferred + again.stats.Deleted[1] + again.stats.Deleted[2]; n != 0 || !again.stats.Good() {
						t.Errorf("the next run does something\n%s", again.text)
					}
				})
			}
		}
	}
}
