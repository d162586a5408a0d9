package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A keyword that host2 refuses costs nothing but itself, whether it comes with a new
// message or with one that is there, and it is not asked for again.
func TestOneKeywordRefused(t *testing.T) {
	a, b := pairOf(t, 30, 1)
	odd, front := meddled(t, b, rule(meddle.Refuse, `(?i)^(APPEND|UID STORE) .*to-do`, "BAD invalid flag"))
	options := []string{"--cachedir", t.TempDir()}
	attempt(t, a, odd, options...).expect(t, 0)
	check := func() {
		t.Helper()
		had, has := flagsOf(t, a), flagsOf(t, b)
		for id, flags := range had {
			for _, f := range strings.Fields(strings.Trim(flags, "[]")) {
				if lower := strings.ToLower(f); lower != "to-do" && !strings.Contains(strings.ToLower(has[id]), lower) {
					t.Errorf("%s lacks %s: %s, not %s", id, f, has[id], flags)
				}
			}
		}
	}
	check()
	dialogue(t, a, "SELECT INBOX", `UID STORE 1:5 +FLAGS.SILENT (to-do extra \Flagged)`)
	attempt(t, a, odd, options...).expect(t, 0)
	check()
	before := len(front.Said())
	attempt(t, a, odd, options...).expect(t, 0)
	for _, line := range front.Said()[before:] {
		if strings.HasPrefix(line, "UID STORE") {
			t.Errorf("another run says %s", line)
		}
	}
}
