package engine_test

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A keyword that host2 refuses costs nothing but itself, whether it comes with a new
// message or with one that is there, and it is not asked for again.
func TestOneKeywordRefused(t *testing.T) {
	t.Parallel()
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

// A refusal that speaks of time says nothing of keywords: it is an error, and the next
// run asks for all of them again.
func TestKeywordIsNotLearnedFromALoad(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t, 12, 1)
	options := []string{"--cachedir", t.TempDir()}
	attempt(t, a, b, options...).expect(t, 0)
	dialogue(t, a, "SELECT INBOX", `UID STORE 1:3 +FLAGS.SILENT (extra \Flagged)`)
	busy, _ := meddled(t, b, rule(meddle.Refuse, `^UID STORE`, "NO The server is busy"))
	out := attempt(t, a, busy, options...)
	if out.code() == 0 || out.stats.ErrorCount == 0 {
		t.Errorf("exit code %d, %d errors\n%s", out.code(), out.stats.ErrorCount, out.text)
	}
	attempt(t, a, b, options...).expect(t, 0)
	same(t, a, b)
}
