package engine_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// Messages that somebody expunges on host2 while the run goes stay on host1, whatever the
// moment is: --delete1 rests on what host2 has and not on what it had.
func TestExpungedOnHost2(t *testing.T) {
	t.Parallel()
	for n := range 9 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 12, 1)
			dir := t.TempDir()
			attempt(t, a, b, "--cachedir", dir).expect(t, 0)
			handsOn(t, a).message("INBOX", "later")
			before := where(t, b)
			var had map[string][]string // what host1 has when it happens
			front, _ := meddled(t, b, onceMore(meddle.Rule{
				Action: meddle.Alter, Match: regexp.MustCompile(` (SELECT|EXAMINE|STATUS|UNSELECT|APPEND|UID FETCH|UID STORE)`), Text: "$0",
				If: func(string) bool {
					if n--; n == -1 {
						dialogue(t, b, "SELECT INBOX", `STORE 2:4 +FLAGS.SILENT (\Deleted)`, "EXPUNGE")
						had = where(t, a)
					}
					return false
				},
			}, 0, 0))
			out := attempt(t, a, front, "--cachedir", dir, "--delete1")
			if had == nil {
				t.Fatalf("the run has no such moment\n%s", out.text)
			}
			there1, there2 := where(t, a), where(t, b)
			expunged := 0
			for id := range before {
				if len(there2[id]) == 0 {
					expunged++
				}
				if len(had[id]) > 0 && len(there1[id])+len(there2[id]) == 0 {
					t.Errorf("%s is on neither side\n%s", id, out.text)
				}
			}
			if expunged > 0 && out.code() == 0 {
				t.Errorf("%d messages are missing and the run ends well\n%s", expunged, out.text)
			}
		})
	}
}
