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

// sortHeader writes the header lines of a message in another order.
func sortHeader(m []byte) []byte {
	header, body, _ := bytes.Cut(m, []byte("\r\n\r\n"))
	lines := bytes.Split(bytes.ReplaceAll(header, []byte("\r\n\t"), []byte(" ")), []byte("\r\n"))
	slices.SortFunc(lines, bytes.Compare)
	return slices.Concat(bytes.Join(lines, []byte("\r\n")), []byte("\r\n\r\n"), body)
}

// Host2 changes headers, and tells the UIDs of neighbours for what it copies or moves from
// folder to folder: each message is in its new place once, and a flag that is set later goes
// to the message that has it on host1.
func TestCopiedByALiarThatChangesHeaders(t *testing.T) {
	t.Parallel()
	added := unsound.AddAbove("Received: from host2.example.org by store.example.org;\r\n\tMon, 1 Jan 2024 10:00:00 +0000\r\n")
	for name, changes := range map[string][]unsound.Change{
		"adds":           {added},
		"sorts":          {sortHeader},
		"adds and sorts": {added, unsound.AddBelow("X-Stored: 1\r\n"), sortHeader},
		"drops":          {unsound.Remove("Message-ID"), added},
	} {
		for fault := unsound.Missing; fault <= unsound.Unordered; fault++ {
			for _, one := range []bool{false, true} { // one Message-Id for all
				for say, options := range map[string][]string{"RENAME Old New": nil, "CREATE New\nSELECT Old\nUID MOVE 2:4 New": {"--delete2"}} {
					t.Run(fmt.Sprint(name, " ", fault, one, options), func(t *testing.T) {
						t.Parallel()
						server, _, truth := mailtest.StartUnsound(t, unsound.Faults{AppendUID: fault, CopyUID: fault, Changes: changes})
						a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
						var all []corpus.Message
						for i := range 6 {
							id := fmt.Sprint("mail", i)
							if one {
								id = "id"
							}
							m := dated(id, 100+i)
							m.Body = fmt.Appendf(m.Body, "This is number %d.\r\n", i)
							all = append(all, m)
						}
						put(t, a, "Old", all...)
						b.port = server.Port()
						options := append([]string{"--cachedir", t.TempDir()}, options...)
						first := migrate(t, a, b, options...)
						first.expect(t, 0)
						if n := mailtest.Snapshot(t, truth, b.user).Count(); n != 6 {
							t.Fatalf("%d messages on host2\n%s", n, first.text)
						}
						mailtest.Say(t, a.s, a.user, strings.Split(say, "\n")...)
						out := migrate(t, a, b, options...)
						for i, flag := range []string{`\Flagged`, `\Answered`, `\Draft`} {
							mailtest.Say(t, a.s, a.user, "SELECT New", fmt.Sprintf("STORE %d +FLAGS (%s)", i+1, flag))
						}
						again := migrate(t, a, b, options...)
						again.expect(t, 0)
						now := mailtest.Snapshot(t, truth, b.user).Folders["New"].Messages
						want := mailtest.Snapshot(t, a.s, a.user).Folders["New"].Messages
						if len(now) != len(want) || again.stats.Transferred > 0 {
							t.Fatalf("%d messages on host2, %d on host1; exit code %d\n%s\n%s", len(now), len(want), out.code(), out.text, again.text)
						}
						for _, m := range want {
							at := slices.IndexFunc(now, func(d mailtest.Message) bool { return d.Date.Equal(m.Date) })
							if at < 0 || !slices.Equal(now[at].Flags, m.Flags) {
								t.Errorf("host1's %d has %v, and its copy on host2 not\n%s\n%s", m.UID, m.Flags, out.text, again.text)
							}
						}
					})
				}
			}
		}
	}
}
