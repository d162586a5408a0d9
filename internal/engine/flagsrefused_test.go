package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Where host2 refuses to store flags for a while, whatever it says and whichever they are, no
// keyword is learned from that: the run tells it as an error, and the next one stores them.
func TestFlagsRefusedForAWhile(t *testing.T) {
	t.Parallel()
	onEmbeddedAndDovecot(t, func(t *testing.T, servers func(*testing.T) (a, b account)) {
		for name, tc := range map[string]struct{ flags, refused string }{
			"keyword":          {`$Forwarded`, `^UID STORE`},
			"keywords":         {`$Forwarded Blue \Seen`, `^UID STORE`},
			"system flag":      {`\Answered`, `^UID STORE`},
			"words added only": {`$Forwarded Blue \Seen`, `^UID STORE .*(?i)(forwarded|blue)`},
		} {
			for _, text := range []string{"NO not now", "NO [INUSE] mailbox is locked"} {
				if name == "words added only" && text == "NO not now" {
					continue // that is a refusal of the words
				}
				t.Run(name+"/"+text, func(t *testing.T) {
					t.Parallel()
					a, real2 := servers(t)
					b, front := meddled(t, real2)
					journal := []string{"--cachedir", t.TempDir()}
					put(t, a, "INBOX", mails("mail", 5, 3)...)
					migrate(t, a, b, journal...).expect(t, 0)
					dialogue(t, a, "SELECT INBOX", "UID STORE 5 +FLAGS ("+tc.flags+")")
					back := front.Mark()
					front.Strike(rule(meddle.Refuse, tc.refused, text))
					if out := migrate(t, a, b, journal...); out.code() == 0 {
						t.Errorf("it counts no error\n%s", out.text)
					}
					back()
					migrate(t, a, b, journal...).expect(t, 0)
					same(t, a, real2)
					if out := migrate(t, a, b, journal...); out.stats.FlagsChanged > 0 || !out.stats.Good() {
						t.Errorf("one more run does something\n%s", out.text)
					}
				})
			}
		}
	})
}

// Equal messages of two folders that are marked in both share one of host2: a keyword of
// theirs that host2 refuses costs nothing else.
func TestKeywordOfMarkedEqualsRefused(t *testing.T) {
	t.Parallel()
	a, real2 := embeddedPair(t)
	b, _ := meddled(t, real2, rule(meddle.Refuse, `(?i)^UID STORE .*to-do`, "NO invalid flag"))
	options := []string{"--cachedir", t.TempDir(), "--f1f2", "Other=INBOX"}
	letter := dated("both", 3)
	put(t, a, "INBOX", letter)
	put(t, a, "Other", letter)
	migrate(t, a, b, options...).expect(t, 0)
	dialogue(t, a, "SELECT INBOX", `UID STORE 1 +FLAGS (\Deleted \Seen to-do)`, "SELECT Other", `UID STORE 1 +FLAGS (\Deleted \Seen to-do)`)
	migrate(t, a, b, options...).expect(t, 0)
	if lines := dialogue(t, real2, "SELECT INBOX", `UID SEARCH SEEN`); len(lines) == 0 || lines[0] != "* SEARCH 1" {
		t.Errorf("host2 has not the other flags: %q", lines)
	}
}
