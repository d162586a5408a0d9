package engine_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Messages that somebody expunges on host1 while they are copied are gone, and no
// error; a message that the server merely does not send is one.
func TestMessagesThatGo(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t, 120, 2)
	var gone imap.UIDSet
	for uid := imap.UID(5); uid < 100; uid += 2 {
		gone.AddNum(uid)
	}
	h := handsOn(t, a)
	var did bool
	front, _ := meddled(t, a, meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`UID FETCH \S+ .*BODY\.PEEK\[\]`), Text: "$0", If: func(string) bool {
		if !did { // when the first bodies are asked for
			did = true
			if _, err := h.c.Select(t.Context(), "INBOX", nil); err != nil {
				t.Error(err)
			}
			dialogue(t, a, "SELECT INBOX", fmt.Sprintf(`UID STORE %s +FLAGS.SILENT (\Deleted)`, gone.String()), "EXPUNGE")
		}
		return true
	}})
	out := attempt(t, front, b, "--nousecache", "--delete2")
	out.expect(t, 0)
	if n := out.stats.SkippedBy[event.SkipVanished].Messages; out.stats.ErrorCount != 0 || n == 0 || out.stats.Deleted[2] != 0 {
		t.Errorf("%d errors, %d vanished, %d deleted\n%s", out.stats.ErrorCount, n, out.stats.Deleted[2], out.text)
	}
	for _, line := range differences(t, a, b) {
		t.Error(line)
	}

	t.Run("not sent", func(t *testing.T) {
		a, b := pairOf(t, 20, 1)
		r := meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^\* 7 FETCH \((.*)BODY\[\] \{`), Text: "* 7 FETCH (${1}X-NOTHING {"}
		front, _ := meddled(t, a, r)
		out := attempt(t, front, b, "--nousecache")
		out.expect(t, event.ExitFetch)
		if out.stats.ErrorCount != 1 || out.stats.Transferred != 19 {
			t.Errorf("%d errors, %d copied\n%s", out.stats.ErrorCount, out.stats.Transferred, out.text)
		}
	})
}

// All messages of a folder may go, and another one come: then no neighbour is left, and
// the whole folder is asked for.
func TestAllMessagesGo(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t, 6, 1)
	all := len(mailtest.Snapshot(t, a.s, a.user).Folders["INBOX"].Messages)
	h := handsOn(t, a)
	var did bool
	front, _ := meddled(t, a, meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`UID FETCH \S+ .*BODY\.PEEK\[\]`), Text: "$0", If: func(string) bool {
		if !did {
			did = true
			dialogue(t, a, "SELECT INBOX", `STORE 1:* +FLAGS.SILENT (\Deleted)`, "EXPUNGE")
			h.message("INBOX", "later")
		}
		return true
	}})
	out := attempt(t, front, b, "--nousecache")
	out.expect(t, 0)
	if n := out.stats.SkippedBy[event.SkipVanished].Messages; int(n) != all || out.stats.ErrorCount != 0 {
		t.Errorf("%d of %d messages are gone, %d errors\n%s", n, all, out.stats.ErrorCount, out.text)
	}
	attempt(t, a, b, "--nousecache").expect(t, 0)
	same(t, a, b)
}

// A folder that is renamed or deleted on host1 while messages are copied is one error.
func TestFolderThatGoes(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t, 60, 3)
	var did bool
	front, _ := meddled(t, a, meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`UID FETCH \S+ .*BODY\.PEEK\[\]`), Text: "$0", If: func(string) bool {
		if !did {
			did = true
			dialogue(t, a, "RENAME Sent Elsewhere")
		}
		return true
	}})
	out := attempt(t, front, b, "--nousecache")
	if out.stats.ErrorCount > 1 || out.stats.FoldersSynced < 2 {
		t.Errorf("%d errors\n%s", out.stats.ErrorCount, out.text)
	}
	if out.code() == 0 && len(differences(t, a, b)) > 2 {
		t.Errorf("code 0 and %v", differences(t, a, b))
	}
}

// large is a mailbox of messages that are streamed.
func large(n, size int) corpus.Mailbox {
	box := shared(n, 1)
	for i := range box.Folders[0].Messages {
		m := &box.Folders[0].Messages[i]
		m.Body = append(m.Body, []byte(strings.Repeat("a line of some length to fill the body up, and more\r\n", size/52))...)
	}
	return box
}

// Large messages go through the same door as small ones: of several, one kills the
// connection, and that one alone is given up.
func TestLargeMessageThatKills(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	box := large(5, 1_300_000)
	mailtest.Fill(t, a.s, a.user, box)
	size := len(box.Folders[0].Messages[2].Body)
	front, _ := meddled(t, b, rule(meddle.CutBefore, fmt.Sprintf(`^APPEND .*\{%d\+?\}`, size), ""))
	out := attempt(t, a, front, "--nousecache")
	out.expect(t, event.ExitAppend)
	if out.stats.ErrorCount != 1 || out.stats.Transferred != 4 {
		t.Errorf("%d errors, %d copied\n%s", out.stats.ErrorCount, out.stats.Transferred, out.text)
	}
	attempt(t, a, b, "--nousecache").expect(t, 0)
	same(t, a, b)
}

// A server that refuses for a while, without a code, gets everything, unchanged.
func TestRefusalsThatPass(t *testing.T) {
	t.Parallel()
	for text, each := range map[string]int{
		"NO Temporary unavailable": 1, "NO Please come back later": 1, "NO no": 1, "NO cannot do that": 1,
		"NO Please wait a moment (queue 17)": 2, "NO internal error": 2,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for _, box := range []corpus.Mailbox{shared(30, 2), large(4, 1_200_000)} {
				a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				mailtest.Fill(t, a.s, a.user, box)
				skip := 2
				times := each * len(box.Folders[0].Messages)
				front, _ := meddled(t, b, onceMore(rule(meddle.Refuse, `^APPEND`, text), skip, times))
				out := attempt(t, a, front, "--nousecache", "--repair")
				out.expect(t, 0)
				if out.stats.ErrorCount != 0 || out.stats.Altered != 0 {
					t.Errorf("%d errors, %d altered\n%s", out.stats.ErrorCount, out.stats.Altered, out.text)
				}
				same(t, a, b)
			}
		})
	}
}

// The same of commands that move no message: what passes by itself is no error, and no
// flag is learned to be refused from it.
func TestRefusedCommandsThatPass(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		side    int
		command string
		options []string
	}{
		{1, `^LIST`, nil},
		{1, `^EXAMINE`, nil},
		{1, `^UID FETCH .*FLAGS`, nil},
		{1, `^UID FETCH .*BODY.PEEK\[\]`, nil},
		{2, `^SELECT`, nil},
		{2, `^CREATE`, nil},
		{2, `^UID STORE`, nil},
		{1, `^UID STORE`, []string{"--delete1"}},
		{1, `^UID EXPUNGE`, []string{"--delete1"}},
	} {
		for _, text := range []string{"NO Temporary failure", "NO [ALERT] Mailbox busy"} {
			t.Run(tc.command+" "+text, func(t *testing.T) {
				t.Parallel()
				box := shared(12, 2)
				ends := [3]account{}
				for n := 1; n <= 2; n++ {
					ends[n] = newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				}
				mailtest.Fill(t, ends[1].s, ends[1].user, box)
				if tc.command == `^UID STORE` && tc.side == 2 {
					for i := range box.Folders { // what is there has other flags
						for j := range box.Folders[i].Messages {
							box.Folders[i].Messages[j].Flags = nil
						}
					}
					mailtest.Fill(t, ends[2].s, ends[2].user, box)
				}
				fronts := ends
				fronts[tc.side], _ = meddled(t, ends[tc.side], onceMore(rule(meddle.Refuse, tc.command, text), 0, 3))
				out := attempt(t, fronts[1], fronts[2], append(tc.options, "--nousecache")...)
				out.expect(t, 0)
				if out.stats.ErrorCount != 0 {
					t.Errorf("%d errors\n%s", out.stats.ErrorCount, out.text)
				}
				if len(tc.options) == 0 {
					same(t, ends[1], ends[2])
				}
			})
		}
	}
}

// A body that is much shorter than the server says is asked for once more, and then
// copied with a warning; host1 keeps the message.
func TestBodiesThatComeShort(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"small": "100", "partial": "<0>"} {
		t.Run(name, func(t *testing.T) {
			a, b := pairOf(t, 30, 1)
			r := meddle.Rule{Action: meddle.Shorten, Match: regexp.MustCompile(`^\* 9 FETCH \(.*BODY\[\] \{`), Text: "100"}
			want := 0
			if body == "<0>" {
				r = meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`^(\* 9 FETCH \(.*BODY\[\]) \{`), Text: "$1<0> {"}
				want = event.ExitFetch
			}
			front, said := meddled(t, a, r)
			list := filepath.Join(t.TempDir(), "skipped")
			out := attempt(t, front, b, "--nousecache", "--delete1", "--skippedfile", list)
			out.expect(t, want)
			if out.stats.Good() || strings.Contains(out.text, "looks good") {
				t.Errorf("it looks good\n%s", out.text)
			}
			asked := 0
			for _, line := range said.Said() {
				if strings.Contains(line, "BODY.PEEK[]") && naming(9)(line) {
					asked++
				}
			}
			if asked < 2 {
				t.Errorf("it was asked for %d times", asked)
			}
			if n := len(mailtest.Snapshot(t, a.s, a.user).Folders["INBOX"].Messages); n != 1 {
				t.Errorf("host1 has %d messages, want the one", n)
			}
			// Nor does another run delete it.
			if want == 0 {
				attempt(t, a, b, "--nousecache", "--delete1").expect(t, 0)
				left, there := len(mailtest.Snapshot(t, a.s, a.user).Folders["INBOX"].Messages), len(mailtest.Snapshot(t, b.s, b.user).Folders["INBOX"].Messages)
				if left != 1 && there != 31 { // kept, or copied whole beside the short one
					t.Errorf("after another run host1 has %d messages and host2 %d", left, there)
				}
			}
		})
	}
	for _, journal := range []bool{true, false} {
		t.Run(fmt.Sprintf("told by later runs, journal %v", journal), func(t *testing.T) {
			a, b := pairOf(t, 30, 2)
			front, _ := meddled(t, a, meddle.Rule{Action: meddle.Shorten, Match: regexp.MustCompile(`^\* 9 FETCH \(.*BODY\[\] \{`), Text: "100"},
				rule(meddle.Replace, `^(\* 9 FETCH .*RFC822\.SIZE )\d+`, "${1}9000"))
			options := []string{"--nousecache"}
			if journal {
				options = []string{"--cachedir", t.TempDir()}
			}
			attempt(t, front, b, options...).expect(t, 0)
			for range 2 {
				list := filepath.Join(t.TempDir(), "skipped")
				out := attempt(t, front, b, append(options, "--skippedfile", list)...)
				if out.stats.Good() || strings.Contains(out.text, "looks good") || out.stats.Short != 1 {
					t.Errorf("%d short messages\n%s", out.stats.Short, out.text)
				}
			}
		})
	}
	t.Run("announced without bounds", func(t *testing.T) {
		a, b := pairOf(t, 40, 2)
		front, _ := meddled(t, a, rule(meddle.Replace, `^(\* 7 FETCH \(.*BODY\[\] )\{\d+\}`, "${1}{4000000000}"))
		out := attempt(t, front, b, "--nousecache") // and nobody waits for a time-out
		out.expect(t, event.ExitFetch)
		if n := len(out.stats.Errors); n == 0 || n > 2 || out.stats.Transferred != int64(40-n) {
			t.Errorf("%d errors, %d copied\n%s", n, out.stats.Transferred, out.text)
		}
	})
	for _, first := range []string{"1", "2"} {
		t.Run("among the first, message "+first, func(t *testing.T) {
			a, b := pairOf(t, 4, 1)
			front, _ := meddled(t, a, meddle.Rule{Action: meddle.Shorten, Match: regexp.MustCompile(`^\* ` + first + ` FETCH \(.*BODY\[\] \{`), Text: "100"})
			out := attempt(t, front, b, "--nousecache", "--delete1")
			out.expect(t, 0)
			if out.stats.Good() || strings.Contains(out.text, "looks good") || out.stats.Short != 1 {
				t.Errorf("%d short messages\n%s", out.stats.Short, out.text)
			}
			if n := len(mailtest.Snapshot(t, a.s, a.user).Folders["INBOX"].Messages); n != 1 {
				t.Errorf("host1 has %d messages, want the one", n)
			}
		})
	}
	t.Run("sizes that mean nothing", func(t *testing.T) {
		a, b := pairOf(t, 30, 1)
		front, _ := meddled(t, a, rule(meddle.Replace, `RFC822\.SIZE (\d+)`, "RFC822.SIZE ${1}00"))
		out := attempt(t, front, b, "--nousecache")
		out.expect(t, 0)
		if out.stats.Short > 2 {
			t.Errorf("%d messages count as short\n%s", out.stats.Short, out.text)
		}
		same(t, a, b)
	})
}
