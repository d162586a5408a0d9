package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// roundedUp has a server tell sizes below 100,000 in thousands of bytes.
func roundedUp() (rules []meddle.Rule) {
	for d := 99; d >= 1; d-- {
		rules = append(rules, rule(meddle.Replace, fmt.Sprintf(`RFC822\.SIZE %d\d{3}\b`, d), fmt.Sprintf("RFC822.SIZE %d000", d+1)))
	}
	return append(rules, rule(meddle.Replace, `RFC822\.SIZE \d{1,3}\b`, "RFC822.SIZE 1000"))
}

// A message that is larger than what was sent, by host2's word, need not be whole: host2 may
// round sizes up, or add more than it cuts. None is deleted on host1 that is not whole there,
// and all are that are.
func TestLargerIsNotWhole(t *testing.T) {
	t.Parallel()
	line := unsound.AddAbove("Received: from host2.example.org by store.example.org with a long line that says so; Mon, 1 Jan 2024 10:00:00 +0000\r\n")
	cut := func(n int) unsound.Change {
		return func(m []byte) []byte { return m[:max(len(m)-n, bytes.Index(m, []byte("\r\n\r\n"))+4)] }
	}
	third := func(m []byte) []byte { return m[:len(m)-len(m)/3] }
	for name, c := range map[string]struct {
		rounds  bool
		changes []unsound.Change
		whole   bool
	}{
		"rounds":                    {true, nil, true},
		"rounds, adds":              {true, []unsound.Change{line}, true},
		"rounds, cuts":              {true, []unsound.Change{third}, false},
		"rounds, cuts a little":     {true, []unsound.Change{cut(40)}, false},
		"rounds, adds, cuts":        {true, []unsound.Change{third, line}, false},
		"adds more than it cuts":    {false, []unsound.Change{cut(60), line}, false},
		"adds as much as it cuts":   {false, []unsound.Change{cut(17), unsound.AddAbove("X-As-Much: 1234\r\n")}, false},
		"cuts five bytes":           {false, []unsound.Change{cut(5), line}, false},
		"cuts, and a footer":        {false, []unsound.Change{cut(60), unsound.Footer("-- \r\nChecked.\r\n")}, false},
		"cuts, footer, adds":        {true, []unsound.Change{third, unsound.Footer("-- \r\nChecked.\r\n"), line}, false},
		"cuts, long footer":         {false, []unsound.Change{cut(30), unsound.Footer(strings.Repeat("-- \r\nChecked.\r\n", 9))}, false},
		"adds":                      {false, []unsound.Change{line}, true},
		"adds, and a footer":        {false, []unsound.Change{line, unsound.Footer("-- \r\nChecked.\r\n")}, true},
		"rounds, adds, and footers": {true, []unsound.Change{line, unsound.Footer("-- \r\nChecked.\r\n")}, true},
	} {
		for _, steps := range [][]string{{"--delete1"}, {"", "--delete1"}, {"--delete1 --nousecache"}, {"--nousecache", "--delete1 --nousecache"}, {"--nousecache", "--delete1"}} {
			t.Run(fmt.Sprint(name, steps), func(t *testing.T) {
				t.Parallel()
				server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Changes: c.changes})
				a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
				all := oddMails()[1:]
				all = append(all[:3], all[4]) // without the one that ends in empty lines
				large := dated("large", 20)
				large.Body = append(large.Body, strings.Repeat("This is a line of a large message.\r\n", 1500)...)
				put(t, a, "INBOX", append([]corpus.Message{large}, all...)...)
				b.port = server.Port()
				if c.rounds {
					behind := b
					behind.s = &mailtest.Server{Kind: b.s.Kind, Host: b.s.Host, Port: server.Port()}
					front, _ := meddled(t, behind, roundedUp()...)
					b.port = front.port
				}
				for _, step := range steps {
					out := migrate(t, a, b, strings.Fields(step)...)
					left := len(contents(t, a))
					switch {
					case !c.whole && left != 5:
						t.Fatalf("%s: %d messages are left on host1\n%s", step, left, out.text)
					case c.whole && strings.Contains(step, "--delete1") && left != 0:
						t.Errorf("%s: %d messages are left on host1\n%s", step, left, out.text)
					case !c.whole && strings.Contains(step, "--delete1") && out.stats.Good():
						t.Errorf("%s: it looks good\n%s", step, out.text)
					}
				}
			})
		}
	}
}
