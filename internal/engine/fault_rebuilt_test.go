package engine_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A folder that gets new UIDs under our hands is listed anew, within the run; the
// others of its window do not notice.
func TestRebuiltWhileCopied(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		skip int // looks at host1's folders before it happens
		code int
	}{
		{"after the listing", 5, 0},
		{"at every look", 0, event.ExitErrors},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := pairOf(t, 60, 5)
			r := meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`UIDVALIDITY \d+`), Text: "UIDVALIDITY 77", Skip: tc.skip}
			r.If = func(line string) bool {
				return strings.Contains(line, "[UIDVALIDITY") && !strings.Contains(line, "STATUS")
			}
			if tc.code != 0 {
				// One folder, with another number each time.
				sent := false
				front, _ := meddled(t, a,
					meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile(`EXAMINE "?Sent"?`), Text: "$0", If: func(string) bool { sent = true; return true }},
					meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(`UIDVALIDITY (\d)`), Text: "UIDVALIDITY 7$1", Skip: 1, If: func(line string) bool {
						return sent && strings.Contains(line, "[UIDVALIDITY")
					}})
				out := attempt(t, front, b, "--cachedir", t.TempDir())
				if out.stats.FoldersSynced+out.stats.FoldersFailed != 5 || out.fin.Stopped != "" {
					t.Errorf("%d folders done, %d failed\n%s", out.stats.FoldersSynced, out.stats.FoldersFailed, out.text)
				}
				return
			}
			front, _ := meddled(t, a, r)
			out := attempt(t, front, b, "--cachedir", t.TempDir())
			out.expect(t, tc.code)
			if !strings.Contains(out.text, "listed anew") || out.stats.FoldersSynced != 5 {
				t.Errorf("%d folders done\n%s", out.stats.FoldersSynced, out.text)
			}
			same(t, a, b)
		})
	}
}

// What keeps the first connection from being opened is told as what it is; what may
// pass is tried again.
func TestWhatMeetsTheFirstConnection(t *testing.T) {
	t.Parallel()
	const behind = "NO User is authenticated but not connected."
	for _, tc := range []struct {
		name string
		rule meddle.Rule
		code int
		hint string
	}{
		{"lost once", onceMore(rule(meddle.CutBefore, `^LOGIN`, ""), 0, 1), 0, ""},
		{"lost always", rule(meddle.CutBefore, `^LOGIN`, ""), event.ExitConnection1, "neither accepted nor refused"},
		{"a tagged NO", onceMore(rule(meddle.Refuse, `^LOGIN`, "NO wrong"), 0, 1), event.ExitAuthenticateUser1, "--user1"},
		{"not connected", rule(meddle.Refuse, `^(LIST|NAMESPACE|STATUS|LSUB)`, behind), event.ExitAuthenticateUser1, "licence"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := pairOf(t, 10, 2)
			front, said := meddled(t, a, tc.rule)
			out := attempt(t, front, b, "--nousecache")
			out.expect(t, tc.code)
			if tc.code == 0 {
				same(t, a, b)
				return
			}
			if out.stats.ErrorCount != 1 || !strings.Contains(out.stats.Errors[0].Hint, tc.hint) {
				t.Errorf("%d errors\n%s", out.stats.ErrorCount, out.text)
			}
			logins := 0
			for _, line := range said.Said() {
				if strings.HasPrefix(line, "LOGIN") {
					logins++
				}
			}
			if want := map[bool]int{true: 4, false: 1}[tc.name == "lost always"]; logins != want {
				t.Errorf("%d logins, want %d", logins, want)
			}
		})
	}
}
