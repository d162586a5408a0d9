package engine_test

import (
	"testing"
)

// Flags that the options of one run leave alone are carried over by the next run without
// these options, also when nothing happens to the folder meanwhile.
func TestFlagsLeftAreCarriedOverLater(t *testing.T) {
	t.Parallel()
	onEmbeddedAndDovecot(t, func(t *testing.T, servers func(*testing.T) (a, b account)) {
		for name, options := range map[string][]string{
			"noresyncflags": {"--noresyncflags"},
			"maxsize":       {"--maxsize", "10"},
			"regexflag":     {"--regexflag", `s/\\Flagged/Important/g`},
		} {
			for _, side := range []int{1, 2} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a, b := servers(t)
					journal := []string{"--cachedir", t.TempDir()}
					put(t, a, "INBOX", mails("mail", 5, 3)...)
					migrate(t, a, b, journal...).expect(t, 0)
					setFlag(t, []account{a, b}[side-1], "INBOX", 2, `\Flagged`)
					for range 2 {
						migrate(t, a, b, append(journal, options...)...).expect(t, 0)
					}
					out := migrate(t, a, b, journal...)
					out.expect(t, 0)
					same(t, a, b)
					if out = migrate(t, a, b, journal...); out.stats.FlagsChanged > 0 {
						t.Errorf("one more run does something\n%s", out.text)
					}
				})
			}
		}
	})
}
