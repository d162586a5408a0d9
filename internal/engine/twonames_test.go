package engine_test

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// underTwoNames is an account behind a front that shows its folder Sent as Gesendet, too.
func underTwoNames(t testing.TB, x account) account {
	t.Helper()
	var asked []bool // of each STATUS under way, whether it names the other name
	front, _ := meddled(t, x,
		meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(` LIST-STATUS\b`), Text: ""},
		meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`STATUS "?(Sent|Gesendet)`), If: func(line string) bool {
			asked = append(asked, strings.Contains(line, "Gesendet"))
			return false
		}},
		meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`\bGesendet\b`), Text: "Sent"},
		meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* STATUS "?Sent"?`), Text: "* STATUS Gesendet", If: func(string) bool {
			if len(asked) == 0 {
				return false
			}
			other := asked[0]
			asked = asked[1:]
			return other
		}})
	return front
}

// versions are messages of one Message-Id and size with different bodies.
func versions(id string, days int, texts ...string) (out []corpus.Message) {
	for _, text := range texts {
		m := dated(id, days)
		m.Body = append(m.Body[:len(m.Body)-len("Text.\r\n")], text+"\r\n"...)
		out = append(out, m)
	}
	return out
}

// contents counts what an account has in all its folders, by bodies as they are.
func contents(t testing.TB, x account) map[[sha256.Size]byte]int {
	t.Helper()
	out := make(map[[sha256.Size]byte]int)
	for _, f := range mailtest.Snapshot(t, x.s, x.user).Folders {
		for _, m := range f.Messages {
			out[m.Digests[0]]++
		}
	}
	return out
}

// A message of host2 that stands for one of host1 does so under each name of its folder, and
// for each folder of host1 that goes there: it is no copy of another one of the same key and
// size that a second folder has, which may have its turn later, or not in this run.
func TestOneStoreTwoFolders(t *testing.T) {
	t.Parallel()
	both := versions("id", 200, "Text one.", "Text two.")
	x, y := both[0], both[1]
	steps := [][]string{
		{"--delete1"},
		{"", "--delete1"},
		{"--delete1 --nousecache"},
		{"--nousecache", "--delete1 --nousecache"},
		{"", "--delete1 --nousecache"},
		{"--nousecache", "--delete1"},
		{"--delete2", "--delete1"},
		{"", "--delete2", "--delete1", ""},
		{"", "--delete2duplicates --delete1"},
		{"--delete1 --syncduplicates"},
		{"--syncduplicates"},
		{"--nousecache --syncduplicates"},
		{"--folder Gesendet", "--folder Sent --delete1", "--delete1"},
		{"--folder Gesendet --delete1", "--delete1"},
		{"--folder Sent --delete1 --nousecache", "--delete1 --nousecache"},
		{"--useheader Message-Id --delete1"},
		{"--skipcrossduplicates --delete1"},
	}
	for _, way := range []string{"two names", "two names, one not listed", "mapped"} {
		for at, there := range [][]corpus.Message{nil, {x}, {y}, {x, y}} {
			for k, steps := range steps {
				if way == "two names, one not listed" && len(there) == 1 && strings.HasPrefix(steps[0], "--folder Sent") {
					continue // nothing tells of the other name
				}
				beside := 3 * ((at + k) % 2)
				t.Run(fmt.Sprint(way, at, beside, steps), func(t *testing.T) {
					t.Parallel()
					a, b := embeddedPair(t)
					put(t, a, "Gesendet", append(mails("g", beside, 210), x)...)
					put(t, a, "Sent", append(mails("s", beside, 210), y)...)
					put(t, b, "Sent", there...)
					was := contents(t, a)
					host2, options := b, []string{"--delete2newmail", "--delete2max", "100%"}
					switch way {
					case "mapped":
						options = append(options, "--f1f2", "Gesendet=Sent")
					case "two names":
						put(t, b, "Gesendet")
						host2 = underTwoNames(t, b)
					default:
						host2 = underTwoNames(t, b)
					}
					for _, step := range steps {
						out := migrate(t, a, host2, append(options, strings.Fields(step)...)...)
						one, two := contents(t, a), contents(t, b)
						some := strings.Contains(step, "--folder")
						for c := range was {
							switch {
							case one[c]+two[c] == 0:
								t.Fatalf("%s: a message is lost\n%s", step, out.text)
							case two[c] == 0 && out.code() == 0 && out.stats.Good() && !some:
								t.Errorf("%s: a message is not on host2, and all looks good\n%s", step, out.text)
							}
						}
						if strings.Contains(step, "--delete1") && out.code() == 0 && out.stats.Good() && len(one) > 0 && !some {
							t.Errorf("%s: %d messages are left on host1\n%s", step, len(one), out.text)
						}
						if out.code() != 0 {
							t.Errorf("%s: exit code %d\n%s", step, out.code(), out.text)
						}
					}
					for c, n := range contents(t, b) {
						if n > 1 {
							t.Errorf("%x is there %d times", c[:4], n)
						}
					}
				})
			}
		}
	}
}

// Two names of host1 are one store: what leaves it under one of them is on host2.
func TestHost1UnderTwoNames(t *testing.T) {
	t.Parallel()
	for _, steps := range [][]string{
		{"--delete1"}, {"", "--delete1"}, {"", "--delete2", "--delete1"}, {"--delete1 --f1f2 Gesendet=Sent"}, {"--f1f2 Gesendet=Sent", "--delete1 --f1f2 Gesendet=Sent"},
		{"--delete1 --skipcrossduplicates"}, {"--delete1 --syncduplicates"}, {"--delete1 --noexpunge1", "--delete1"}, {"--delete1 --delete1emptyfolders"},
	} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			a, b := embeddedPair(t)
			put(t, a, "Sent", append(mails("s", 4, 210), versions("id", 200, "Text one.", "Text two.")...)...)
			put(t, a, "Gesendet")
			was := contents(t, a)
			for _, step := range steps {
				out := migrate(t, underTwoNames(t, a), b, append(strings.Fields(step), "--delete2newmail", "--delete2max", "100%")...)
				one, two := contents(t, a), contents(t, b)
				for c := range was {
					if one[c]+two[c] == 0 || two[c] == 0 && out.code() == 0 && out.stats.Good() {
						t.Fatalf("%s: a message is lost\n%s", step, out.text)
					}
				}
			}
		})
	}
}

// What was moved on host1 between two folders that go to one mailbox of host2 is there
// already: it is not copied from that mailbox into itself.
func TestMovedWithinOneStore(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{nil, {"--delete2", "--delete2newmail", "--delete2max", "100%"}, {"--delete2duplicates"}, {"--syncduplicates"}} {
		for _, listed := range []bool{true, false} {
			t.Run(fmt.Sprint(options, listed), func(t *testing.T) {
				t.Parallel()
				a, b := embeddedPair(t)
				put(t, a, "Gesendet", mails("g", 5, 210)...)
				put(t, a, "Sent", mails("s", 5, 210)...)
				put(t, b, "Sent")
				if listed {
					put(t, b, "Gesendet")
				}
				front := underTwoNames(t, b)
				migrate(t, a, front, options...).expect(t, 0)
				mailtest.Say(t, a.s, a.user, "SELECT Gesendet", "UID MOVE 2:4 Sent", "SELECT Sent", "UID MOVE 1 Gesendet")
				for range 3 {
					out := migrate(t, a, front, options...)
					out.expect(t, 0)
					if n := out.sent("COPY") + out.sent("MOVE") + out.sent("APPEND"); n != 0 {
						t.Errorf("%d commands store something", n)
					}
					there := contents(t, b)
					for c := range contents(t, a) {
						if there[c] != 1 {
							t.Errorf("%x is there %d times\n%s", c[:4], there[c], out.text)
						}
					}
				}
			})
		}
	}
}

// Parts of messages show by how much a mailbox grew that has two names, too.
func TestPartsUnderTwoNames(t *testing.T) {
	t.Parallel()
	server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Halves: 1, Hide: []string{"LIST-STATUS"}})
	a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
	put(t, b, "Sent", mails("old", 3, 300)...)
	put(t, b, "Gesendet")
	put(t, a, "Sent", oddMails()[:3]...)
	put(t, a, "Gesendet", oddMails()[3:]...)
	behind := b
	behind.s = &mailtest.Server{Kind: b.s.Kind, Host: b.s.Host, Port: server.Port()}
	b.port = underTwoNames(t, behind).port
	if out := migrate(t, a, b); out.code() == 0 || out.stats.Good() {
		t.Errorf("exit code %d\n%s", out.code(), out.text)
	}
}
