package engine_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// After host2 was restored from a backup new mail has UIDs that copies of messages had which
// have left host1 since. --delete2 takes no new mail for these, whichever journal tells of
// them: that of the run itself, or of one that identified messages in another way.
func TestRestoredWhereOriginalsAreGone(t *testing.T) {
	t.Parallel()
	for _, ways := range [][2]string{
		{"", ""}, {"", "--syncduplicates"}, {"--syncduplicates", ""}, {"--syncduplicates", "--syncduplicates"},
		{"", "--useheader Message-Id"}, {"--useheader Message-Id", ""}, {"--useheader Message-Id", "--useheader Message-Id"},
		{"--useheader Message-Id", "--useheader Subject"}, {"", "--addheader"}, {"--addheader", ""}, {"--addheader", "--addheader"},
		{"", "--skipheader ^Received"}, {"", "--noskipsize"}, {"--noskipsize", "--noskipsize"}, {"", "--truncmess 1000"}, {"--truncmess 1000", "--truncmess 1000"},
		{"", "--regexmess s/a/a/"}, {"--regexmess s/a/a/", "--regexmess s/a/a/"},
	} {
		for _, noticed := range []bool{false, true} { // by a run, that they have left
			for _, keeps := range []int{0, 3, 5} {
				t.Run(strings.Join(ways[:], ","), func(t *testing.T) {
					t.Parallel()
					for _, age := range []int{0, 3, 100} {
						a, b := embeddedPair(t)
						all := mails("a", 6, 200)
						put(t, a, "A", all...)
						first, second := strings.Fields(ways[0]), strings.Fields(ways[1])
						migrate(t, a, b, first...).expect(t, 0)
						backup := b
						backup.s = mailtest.StartEmbedded(t, embedded.Options{})
						backup.password = backup.s.Called(t, b.user)
						put(t, backup, "A", append(append([]corpus.Message(nil), all[:keeps]...), mails("new", 6-keeps, age)...)...)
						lose(t, a, "A", 4, 5, 6)
						if noticed {
							migrate(t, a, b, first...).expect(t, 0)
						}
						out := migrateWith(t, t.Context(), instead(event.Side(2), backup), append(append(args(a, b), "--delete2"), second...)...)
						if n := holds(t, backup, "A")["new"]; n != 6-keeps {
							t.Errorf("age %d, noticed %v, keeps %d: host2 has %d of %d new messages, exit code %d", age, noticed, keeps, n, 6-keeps, out.code())
						}
					}
				})
			}
		}
	}
}

// What left host1 before host2 was restored and is there again is no copy of new mail that has
// the UID of its old copy; nor is what host2 had of its own a copy of what comes to host1.
func TestRestoredAndBack(t *testing.T) {
	t.Parallel()
	for _, noticed := range []bool{false, true} {
		for _, keeps := range []int{0, 3, 5} {
			for _, own := range []bool{false, true} {
				t.Run(fmt.Sprint(noticed, keeps, own), func(t *testing.T) {
					t.Parallel()
					a, b := embeddedPair(t)
					all := mails("a", 6, 200)
					put(t, a, "A", all...)
					if own {
						lose(t, a, "A", 4, 5, 6)
						put(t, b, "A", all...)
					}
					journal := []string{"--cachedir", t.TempDir()}
					migrate(t, a, b, journal...).expect(t, 0)
					if !own {
						lose(t, a, "A", 4, 5, 6)
					}
					if noticed {
						migrate(t, a, b, journal...).expect(t, 0)
					}
					backup := b
					backup.s = mailtest.StartEmbedded(t, embedded.Options{})
					backup.password = backup.s.Called(t, b.user)
					put(t, backup, "A", append(append([]corpus.Message(nil), all[:keeps]...), mails("letter", 6-keeps, 3)...)...)
					put(t, a, "A", all[3:]...)
					there := instead(event.Side(2), backup)
					want := map[string]int{"a": 6, "letter": 6 - keeps}
					for range 3 {
						out := migrateWith(t, t.Context(), there, append(args(a, b), journal...)...)
						out.expect(t, 0)
						wantHolds(t, "host2", out, holds(t, backup, "A"), want)
					}
				})
			}
		}
	}
}

// Where options keep dates from host2 another size tells that it has other messages under the
// UIDs that were given again.
func TestRestoredWithoutDates(t *testing.T) {
	t.Parallel()
	letters := func(name string, n int) (all []corpus.Message) {
		for i := range n {
			m := dated(fmt.Sprintf("%s%d", name, i), 200)
			m.Body = append(m.Body, strings.Repeat("line of "+name+"\r\n", 2+i)...)
			all = append(all, m)
		}
		return all
	}
	for _, options := range []string{"--nosyncinternaldates", "--idatefromheader", "--nosyncinternaldates --syncduplicates"} {
		for _, keeps := range []int{0, 3, 5} {
			t.Run(fmt.Sprint(options, keeps), func(t *testing.T) {
				t.Parallel()
				a, b := embeddedPair(t)
				all := letters("a", 6)
				put(t, a, "A", all...)
				command := append([]string{"--cachedir", t.TempDir()}, strings.Fields(options)...)
				migrate(t, a, b, command...).expect(t, 0)
				backup := b
				backup.s = mailtest.StartEmbedded(t, embedded.Options{})
				backup.password = backup.s.Called(t, b.user)
				put(t, backup, "A", append(append([]corpus.Message(nil), all[:keeps]...), letters("letter", 6-keeps)...)...)
				for range 3 {
					out := migrateWith(t, t.Context(), instead(event.Side(2), backup), append(args(a, b), command...)...)
					out.expect(t, 0)
					wantHolds(t, "host2", out, holds(t, backup, "A"), map[string]int{"a": 6, "letter": 6 - keeps})
				}
			})
		}
	}
}

// The marks that --delete1 left on host1 are known after host2 was restored: what is copied
// once more, now the only original, has no mark.
func TestRestoredWithMarksOfOurs(t *testing.T) {
	t.Parallel()
	for _, later := range []int{0, 5} { // so many new messages on host2: UIDNEXT is lower, or not
		t.Run(strconv.Itoa(later), func(t *testing.T) {
			t.Parallel()
			a, b := embeddedPair(t)
			journal := []string{"--cachedir", t.TempDir()}
			put(t, a, "A", mails("a", 3, 200)...)
			migrate(t, a, b, append(journal, "--delete1", "--noexpunge1")...).expect(t, 0)
			backup := b
			backup.s = mailtest.StartEmbedded(t, embedded.Options{})
			backup.password = backup.s.Called(t, b.user)
			put(t, backup, "A", mails("letter", later, 3)...)
			for range 2 {
				out := migrateWith(t, t.Context(), instead(event.Side(2), backup), append(append(args(a, b), journal...), "--expunge2")...)
				out.expect(t, 0)
				want := map[string]int{"a": 3}
				if later > 0 {
					want["letter"] = later
				}
				wantHolds(t, "host2", out, holds(t, backup, "A"), want)
			}
		})
	}
}
