package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// A server that changes what identifies a message, and adds a footer as well, gets each
// message once by runs without a journal, too: no run after the first copies anything, none
// says that all is well, and nothing is deleted for it. Of two versions of which one begins
// with the other each has its copy.
func TestFootersAndOtherKeys(t *testing.T) {
	t.Parallel()
	footer := unsound.Footer("-- \r\nChecked.\r\n")
	for name, changes := range map[string][]unsound.Change{
		"drops id":       {unsound.Remove("Message-ID"), footer},
		"adds id":        {unsound.AddBelow("Message-Id: <another@example.org>\r\n"), footer},
		"adds received":  {unsound.AddAbove("Received: from host2.example.org by store.example.org\r\n"), footer},
		"drops received": {unsound.Remove("Received"), footer},
		"drops, adds":    {unsound.Remove("Message-ID"), unsound.AddAbove("Received: from host2.example.org by store.example.org\r\n"), unsound.AddBelow("X-Checked: yes\r\n"), footer},
	} {
		for _, options := range []string{"--nousecache", "--nousecache --delete1", "--nousecache --syncduplicates", "--nousecache --delete2 --delete2newmail", "--nousecache --delete2duplicates", "fresh"} {
			t.Run(name+" "+options, func(t *testing.T) {
				t.Parallel()
				server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Changes: changes})
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
				var all []corpus.Message
				for i := range 5 {
					all = append(all, versions(fmt.Sprint("mail", i), 100+i, strings.Repeat(fmt.Sprintf("Line of message %d.\r\n", i), 20+3*i))[0])
				}
				// The second begins with the first, and says the same of itself.
				long := versions("mail9", 120, "Text.\r\n", "Text.\r\nMore of it.\r\n")
				all = append(all, long...)
				put(t, a, "INBOX", all...)
				b.port = server.Port()
				for k := range 4 {
					o := strings.Fields(options)
					if options == "fresh" {
						o = []string{"--cachedir", t.TempDir()}
					}
					out := migrate(t, a, b, o...)
					if n := mailtest.Snapshot(t, truth, b.user).Count(); n != len(all) || out.code() != 0 {
						t.Fatalf("run %d: %d messages on host2, exit code %d\n%s", k+1, n, out.code(), out.text)
					}
					if got := len(contents(t, a)); got != len(all) && !(k == 0 && slices.Contains(o, "--delete1")) {
						t.Fatalf("%d messages on host1\n%s", got, out.text)
					}
					if k > 0 && out.stats.Good() && !strings.Contains(options, "--delete1") {
						t.Errorf("run %d looks good\n%s", k+1, out.text)
					}
					if slices.Contains(o, "--delete1") {
						break
					}
				}
			})
		}
	}
}
