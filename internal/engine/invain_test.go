package engine_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// What host2 cuts is sent once more, by a run without a journal as well, and not by each run
// after that: nothing is deleted for it, no run says that all is well, and when host2 does not
// cut any more and the parts are gone it is there.
func TestCutAgainWithoutAJournal(t *testing.T) {
	t.Parallel()
	half := func(m []byte) []byte { return m[:len(m)/2] }
	body60 := func(m []byte) []byte {
		at := bytes.Index(m, []byte("\r\n\r\n")) + 4
		return m[:min(len(m), at+60)]
	}
	for name, changes := range map[string][]unsound.Change{
		"halves":           {half},
		"shortens bodies":  {body60},
		"adds, halves":     {unsound.AddAbove("Received: from host2.example.org by store.example.org\r\n"), half},
		"drops id, halves": {unsound.Remove("Message-ID"), half},
		"adds, cuts less":  {unsound.AddAbove("Received: from host2.example.org by store.example.org with a long line that says so\r\n"), func(m []byte) []byte { return m[:len(m)-30] }},
		"halves, footer":   {half, unsound.Footer("-- \r\nChecked.\r\n")},
	} {
		for _, options := range [][]string{nil, {"--delete1"}, {"--syncduplicates"}, {"--delete2", "--delete2newmail"}, {"--delete2duplicates"}, {"--delete1", "--useheader", "Message-Id"}, {"--nofoldersizes"}} {
			for _, one := range []bool{false, true} { // one Message-Id for all
				t.Run(fmt.Sprint(name, options, one), func(t *testing.T) {
					t.Parallel()
					server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Changes: changes})
					a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
					var all []corpus.Message
					for i := range 5 {
						m := versions(map[bool]string{false: fmt.Sprint("mail", i), true: "mail"}[one], 100+i, strings.Repeat(fmt.Sprintf("Line of message %d.\r\n", i), 20+3*i))[0]
						all = append(all, m)
					}
					put(t, a, "INBOX", all...)
					b.port = server.Port()
					var counts []int
					for k := range 5 {
						out := migrate(t, a, b, append([]string{"--nousecache"}, options...)...)
						counts = append(counts, mailtest.Snapshot(t, truth, b.user).Count())
						if len(contents(t, a)) != 5 {
							t.Fatalf("a message has left host1\n%s", out.text)
						}
						// By its size alone a mailbox that grew by more than was sent has no parts.
						told := name != "adds, cuts less" || slices.Contains(options, "--delete1")
						if out.stats.Good() && told && (k > 1 || options == nil || options[0] != "--nofoldersizes") {
							t.Errorf("run %d looks good\n%s", k+1, out.text)
						}
					}
					if counts[0] != 5 || counts[1] > 10 || !slices.Equal(counts[1:4], counts[2:5]) {
						t.Errorf("%v messages on host2 after the runs", counts)
					}
				})
			}
		}
	}
}
