package engine_test

import (
	"fmt"
	"strings"
	"testing"
)

// What --delete1 does not delete, since host2 has another message in its place, gets no mark
// either: whoever expunges the folder next would delete it.
func TestNoMarkOnWhatStays(t *testing.T) {
	t.Parallel()
	both := versions("id", 200, "Text one.", "Text two.")
	for _, options := range []string{"--delete1", "--delete1 --expunge1", "--delete1 --noexpunge1", "--delete1 --delete1emptyfolders"} {
		for _, beside := range []int{0, 3} {
			t.Run(fmt.Sprint(options, beside), func(t *testing.T) {
				t.Parallel()
				a, b := embeddedPair(t)
				journal := []string{"--cachedir", t.TempDir()}
				put(t, a, "A", both[0])
				put(t, a, "A", mails("a", beside, 200)...)
				put(t, b, "A", both[1])
				for range 2 {
					out := migrate(t, a, b, append(journal, strings.Fields(options)...)...)
					if out.code() == 0 {
						t.Errorf("exit code 0\n%s", out.text)
					}
					lines := dialogue(t, a, "SELECT A", "UID SEARCH UID 1 UNDELETED")
					if len(lines) == 0 || lines[0] != "* SEARCH 1" {
						t.Fatalf("the message is marked, or gone: %q\n%s", lines, out.text)
					}
				}
			})
		}
	}
}
