package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// naming is a condition: the command is about this message, among others.
func naming(uid imap.UID) func(string) bool {
	return func(command string) bool {
		words := strings.Fields(command)
		if len(words) < 3 || words[0] != "UID" {
			return false
		}
		if strings.HasSuffix(words[2], ":*") {
			return true
		}
		set, err := uidset.Parse(words[2])
		return err == nil && set.Contains(uid)
	}
}

// flagsOf are the flags of every message by folder and Message-Id.
func flagsOf(t testing.TB, a account) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for name, f := range mailtest.Snapshot(t, a.s, a.user).Folders {
		for _, m := range f.Messages {
			out[name+" "+m.MessageID] = fmt.Sprint(m.Flags)
		}
	}
	return out
}

// What a server does not tell is unknown, and not empty: it is asked for once more,
// and then things stay as they are.
func TestItemsThatDoNotCome(t *testing.T) {
	t.Parallel()
	noFlags := rule(meddle.Replace, `FLAGS \([^)]*\) ?`, "")
	noFlags.If = func(line string) bool { return strings.Contains(line, " FETCH (") }
	noDate := rule(meddle.Replace, `INTERNALDATE "[^"]*" ?`, "")
	t.Run("flags", func(t *testing.T) {
		for _, cache := range []string{"", "journal"} {
			a, b := pairOf(t, 30, 3)
			options := []string{"--nousecache"}
			if cache != "" {
				options = []string{"--cachedir", t.TempDir()}
			}
			attempt(t, a, b, options...).expect(t, 0)
			before := flagsOf(t, b)
			mute, front := meddled(t, a, noFlags)
			out := attempt(t, mute, b, append(options, "--useuid")[:len(options)]...)
			out.expect(t, 0)
			for id, flags := range flagsOf(t, b) {
				if before[id] != flags {
					t.Errorf("%s had (%s) and has (%s)", id, before[id], flags)
				}
			}
			if cache == "" && !strings.Contains(out.text, "does not tell the flags") {
				t.Errorf("nothing is said\n%s", out.text)
			}
			again := 0
			for _, line := range front.Said() {
				if strings.HasSuffix(line, "(UID FLAGS)") {
					again++
				}
			}
			if cache == "" && again != 3 {
				t.Errorf("flags were asked for again %d times in 3 folders", again)
			}
			attempt(t, a, b, options...).expect(t, 0)
			same(t, a, b)
		}
	})
	t.Run("flags the first time", func(t *testing.T) {
		a, b := pairOf(t, 30, 3)
		mute, _ := meddled(t, a, onceMore(noFlags, 0, 30)) // they come when they are asked for alone
		attempt(t, mute, b, "--nousecache").expect(t, 0)
		same(t, a, b)
	})
	for name, r := range map[string]meddle.Rule{
		"date":              noDate,
		"date behind":       rule(meddle.Replace, `^(\* \d+ FETCH \(.*)INTERNALDATE ("[^"]*") ?(.*\))\r\n`, "$1$3 INTERNALDATE $2\r\n"),
		"date on next line": rule(meddle.Replace, `^(\* \d+ FETCH \(.*)INTERNALDATE ("[^"]*") ?(.*\))\r\n`, "$1$3\r\n INTERNALDATE $2\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pairOf(t, 30, 3)
			mute, _ := meddled(t, a, r)
			out := attempt(t, mute, b, "--nousecache")
			out.expect(t, 0)
			if name == "date" && !strings.Contains(out.text, "does not tell when 20 messages arrived") {
				t.Errorf("nothing is said\n%s", out.text)
			}
			for _, f := range mailtest.Snapshot(t, b.s, b.user).Folders {
				for _, m := range f.Messages {
					if m.Date.Year() >= 2026 {
						t.Errorf("%s has the date %v", m.MessageID, m.Date)
					}
				}
			}
		})
	}
}

// One message that spoils a listing is found; all others are copied.
func TestMessageThatSpoilsAListing(t *testing.T) {
	t.Parallel()
	const bad = 4
	for name, r := range map[string]meddle.Rule{
		"NO":    rule(meddle.Refuse, `^UID FETCH .*HEADER`, "NO [SERVERBUG] internal error"),
		"BAD":   rule(meddle.Refuse, `^UID FETCH .*HEADER`, "BAD parse error"),
		"close": rule(meddle.CutBefore, `^UID FETCH .*HEADER`, ""),
		// All that is asked of it: a content that is wanted for comparison, too.
		"close of any": rule(meddle.CutBefore, `^UID FETCH .*(HEADER|BODY\.PEEK\[\])`, ""),
		// Neither its size nor its date is told.
		"NO to all of it": rule(meddle.Refuse, `^UID FETCH`, "NO [SERVERBUG] internal error"),
	} {
		r.If = naming(bad)
		t.Run("host1 "+name, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 60, 3)
			broken, _ := meddled(t, a, r)
			list := filepath.Join(t.TempDir(), "skipped")
			out := attempt(t, broken, b, "--cachedir", t.TempDir(), "--skippedfile", list, "--delete2")
			out.expect(t, event.ExitFetch)
			if len(out.stats.Errors) != 3 || out.stats.Transferred != 57 || out.stats.Deleted[1]+out.stats.Deleted[2] != 0 {
				t.Errorf("%d errors, %d copied, deleted %v\n%s", len(out.stats.Errors), out.stats.Transferred, out.stats.Deleted, out.text)
			}
			for _, e := range out.stats.Errors {
				if e.UID != bad {
					t.Errorf("UID %d: %s", e.UID, e.Text)
				}
			}
			_ = os.Remove(list)
		})
		t.Run("host2 "+name, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 60, 3)
			attempt(t, a, b, "--nousecache").expect(t, 0)
			more := handsOn(t, a)
			more.message("INBOX", "later")
			broken, _ := meddled(t, b, r)
			out := attempt(t, a, broken, "--nousecache", "--delete2")
			out.expect(t, event.ExitErrors)
			if len(where(t, b)["later"]) != 1 || out.stats.Deleted[2] != 0 {
				t.Errorf("the new message is not there, or some were deleted\n%s", out.text)
			}
			if n := out.stats.Transferred; n != 1 {
				t.Errorf("%d messages were copied\n%s", n, out.text)
			}
		})
	}
}

// A search that cannot be read is an error of its folder.
func TestSearchThatIsNoList(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`* SEARCH 1 x 3`, `* ESEARCH UID ALL 1:4294967295`, "* SEARCH 2 -7"} {
		t.Run(answer, func(t *testing.T) {
			a, b := pairOf(t, 30, 3)
			r := meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^UID SEARCH`), Text: answer + "\r\nOK done", Times: 1}
			odd, _ := meddled(t, a, r)
			out := attempt(t, odd, b, "--nousecache", "--search1", "ALL", "--nofoldersizes", "--nofoldersizesatend")
			out.expect(t, event.ExitErrors)
			if len(out.stats.Errors) == 0 || out.stats.FoldersFailed != 1 || out.stats.FoldersSynced != 2 {
				t.Errorf("%d errors, %d folders failed, %d done\n%s", len(out.stats.Errors), out.stats.FoldersFailed, out.stats.FoldersSynced, out.text)
			}
		})
	}
}
