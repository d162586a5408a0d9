package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A side that tells the flags of no message costs the flags and nothing else.
func TestNoFlagsTold(t *testing.T) {
	t.Parallel()
	for side := range 2 {
		real1, real2 := embeddedPair(t)
		put(t, real1, "INBOX", mails("mail", 3, 3)...)
		migrate(t, real1, real2, "--nousecache").expect(t, 0)
		a, b := real1, real2
		silent := rule(meddle.Replace, `^(\* \d+ FETCH .*?) ?FLAGS \([^)]*\)`, "$1")
		if side == 0 {
			a, _ = meddled(t, a, silent)
		} else {
			b, _ = meddled(t, b, silent)
		}
		for range 2 {
			if out := migrate(t, a, b, "--nousecache"); out.stats.Transferred > 0 {
				t.Errorf("it copies once more\n%s", out.text)
			}
		}
		same(t, real1, real2)
	}
}
