package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// A server that stores messages and then says NO gets none of them twice, in whatever
// form it would be sent again, and the run ends well when all are there.
func TestStoredAndRefused(t *testing.T) {
	t.Parallel()
	options := [][]string{nil, {"--delete1"}, {"--nousecache"}, {"--connections", "3"}}
	n := 0
	for _, denial := range []string{"", "NO [UNAVAILABLE] Timed out, try again later", "NO [CANNOT] I cannot take this", "BAD What?"} {
		for _, every := range []unsound.Every{1, 3} {
			for _, hide := range [][]string{nil, {"MULTIAPPEND"}, {"MULTIAPPEND", "LITERAL+", "LITERAL-"}, {"UIDPLUS"}, {"UIDPLUS", "MULTIAPPEND"}} {
				option := options[n%len(options)]
				n++
				t.Run(fmt.Sprintf("%q every %d without %v %v", denial, every, hide, option), func(t *testing.T) {
					t.Parallel()
					_, faulty, sound := mailtest.StartUnsound(t, unsound.Faults{Denies: every, Denial: denial, Hide: hide})
					a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
					b := newAccount(t, faulty)
					mailtest.Fill(t, a.s, a.user, letters(7, 600))
					if !slices.Contains(option, "--nousecache") {
						option = append(slices.Clone(option), "--cachedir", t.TempDir())
					}
					out := attempt(t, a, b, option...)
					truth := b
					truth.s, truth.port = sound, sound.Port
					if got := holds(t, truth, "INBOX"); got["letter-"] != 7 || len(got) != 1 {
						t.Errorf("host2 has %v\n%s", got, out.text)
					}
					if out.code() != 0 {
						t.Errorf("exit code %d\n%s", out.code(), out.text)
					}
				})
			}
		}
	}
}
