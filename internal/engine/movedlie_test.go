package engine_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Host2 says OK to COPY or MOVE, tells a UID, and has something else under it: what host1
// has comes from there, and what is under the UID stays, since it may be somebody's mail.
func TestMovedIsNotWhole(t *testing.T) {
	t.Parallel()
	whole := dated("moved", 200)
	whole.Body = append(whole.Body, bytes.Repeat([]byte("More of it.\r\n"), 30)...)
	other := func(body []byte) corpus.Message { return corpus.Message{Body: body, Date: whole.Date} }
	for name, stored := range map[string]corpus.Message{
		"part":      other(whole.Body[:len(whole.Body)*2/3]),
		"header":    other(whole.Body[:bytes.Index(whole.Body, []byte("Text."))]),
		"another":   dated("another", 200),
		"same size": other(bytes.Replace(whole.Body, []byte("More of it"), []byte("Less of it"), 1)),
	} {
		for _, hide := range [][]imap.Cap{nil, {imap.CapMove}} {
			for _, options := range [][]string{nil, {"--delete2"}} {
				if name == "same size" && options == nil {
					continue // nothing is deleted, and only size and header are asked for
				}
				t.Run(strings.Join(append(options, name), " "), func(t *testing.T) {
					t.Parallel()
					a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
					b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: hide}))
					put(t, a, "A", append(mails("a", 4, 200), whole)...)
					put(t, a, "B", mails("b", 4, 200)...)
					front, _ := meddled(t, b,
						meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`(UID (COPY|MOVE)) 5 `), Text: "$1 6 "},
						meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`(COPYUID \d+) 6 `), Text: "$1 5 "})
					migrate(t, a, front, options...).expect(t, 0)
					put(t, b, "A", stored) // as UID 6
					mailtest.Say(t, a.s, a.user, "SELECT A", "UID MOVE 5 B")
					out := migrate(t, a, front, options...)
					if out.expect(t, 0); out.sent("COPY")+out.sent("MOVE") != 1 {
						t.Fatalf("nothing was moved on host2\n%s", out.text)
					}
					lose(t, b, "B", 5) // there if it was not touched
					sameBut(t, a, b, "A")
					if again := migrate(t, a, front, options...); again.stats.Transferred != 0 || t.Failed() {
						t.Errorf("%d messages in a further run\n%s\n%s", again.stats.Transferred, out.text, again.text)
					}
				})
			}
		}
	}
}

// Host2 tells UIDs that are one too high, and a letter comes right after the last message: it
// is not taken for the copy of that, also where it has its size, when that is deleted on host1.
func TestLetterUnderAToldUID(t *testing.T) {
	t.Parallel()
	for name, grow := range map[string]string{"equal sizes": "", "each larger": "xx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
			b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{Hide: []imap.Cap{imap.CapMultiAppend}}))
			all := mails("sent", 3, 200)
			all = append(all, dated("mail3", 0)) // the letter
			for i := range all {
				all[i].Body = append(all[i].Body, strings.Repeat(grow, i)...)
			}
			put(t, a, "INBOX", all[:3]...)
			told := func(uid, as string) meddle.Rule {
				return meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`(APPENDUID \d+) ` + uid + `\]`), Text: "$1 " + as + "]"}
			}
			last := told("3", "4")
			last.If = func(string) bool { put(t, b, "INBOX", all[3]); return true }
			front, _ := meddled(t, b, last, told("2", "3"), told("1", "2"))
			migrate(t, a, front).expect(t, 0)
			lose(t, a, "INBOX", 1, 3)
			for range 2 {
				out := migrate(t, a, front, "--delete2")
				out.expect(t, 0)
				there := mailtest.Snapshot(t, b.s, b.user).Folders["INBOX"]
				ids := make(map[string]bool)
				for _, m := range there.Messages {
					ids[strings.Trim(m.MessageID, "<>")] = true
				}
				if !ids["sent1@example.org"] || !ids["mail3@example.org"] {
					t.Fatalf("host2 has %v\n%s", ids, out.text)
				}
			}
		})
	}
}
